#include <cstdio>
#include <cstdlib>
#include <map>

#include "storage/azure/azure_store.h"
#include "storage/object_store_contract.h"

namespace inlet::storage {
namespace {

/// The addresses that test/servers/start prints, by name; it installs and starts what is missing.
const std::map<std::string, std::string>& Servers() {
  static const auto servers = [] {
    std::map<std::string, std::string> found;
    FILE* const lines = popen(INLET_SOURCE_DIR "/test/servers/start", "r");
    char line[1024];
    while (lines != nullptr && fgets(line, sizeof(line), lines) != nullptr) {
      const std::string text(line);
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos) continue;
      found[text.substr(0, equals)] = text.substr(equals + 1, text.find('\n') - equals - 1);
    }
    if (lines != nullptr) pclose(lines);
    return found;
  }();
  return servers;
}

/// The address of a server; empty after a failure that says what to do.
std::string AddressOf(const std::string& server) {
  const auto found = Servers().find(server);
  if (found != Servers().end()) return found->second;
  ADD_FAILURE() << server << " is missing: test/servers/start says why. Set INLET_NO_SERVERS=1 "
                << "to leave out every test that needs a server.";
  return "";
}

std::shared_ptr<ObjectStore> OpenS3(const std::string& server) {
  const std::string address = AddressOf(server);
  if (address.empty()) return nullptr;
  return Value(Resolve("s3://inlet-test", {{"fs.s3a.endpoint", address},
                                           {"fs.s3a.access.key", "inlet"},
                                           {"fs.s3a.secret.key", "inlet-secret"}}))
      .store;
}

std::shared_ptr<ObjectStore> OpenGcs() {
  const std::string address = AddressOf("INLET_TEST_FAKEGCS");
  if (address.empty()) return nullptr;
  return Value(Resolve("gs://inlet-test",
                       {{"fs.gs.storage.root.url", address}, {"google_skip_signature", "true"}}))
      .store;
}

std::shared_ptr<ObjectStore> OpenAzure() {
  const std::string address = AddressOf("INLET_TEST_AZURITE");
  if (address.empty()) return nullptr;
  // The emulator's account and key are public and the same everywhere.
  constexpr const char* kKey =
      "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
  auto store = Value(Resolve("abfss://inlet-test@devstoreaccount1.dfs.core.windows.net",
                             {{"azure_endpoint", address + "/devstoreaccount1"},
                              {"azure_storage_account_key", kKey}}))
                   .store;
  EXPECT_THAT(dynamic_cast<AzureStore&>(*store).CreateContainer(), IsOk());
  return store;
}

std::vector<StoreCase> Cases() {
  if (std::getenv("INLET_NO_SERVERS") != nullptr) return {};
  return {{.name = "Moto", .open = [] { return OpenS3("INLET_TEST_MOTO"); }, .directory = "t"},
          {.name = "VersityGateway",
           .open = [] { return OpenS3("INLET_TEST_VERSITYGW"); },
           .directory = "t"},
          {.name = "FakeGcs", .open = OpenGcs, .directory = "t"},
          {.name = "Azurite", .open = OpenAzure, .directory = "t"}};
}

INSTANTIATE_TEST_SUITE_P(Servers, ObjectStoreContract, testing::ValuesIn(Cases()), NameOf);

TEST(Servers, AreLeftOutOnlyOnRequest) {
  if (Cases().empty()) GTEST_SKIP() << "INLET_NO_SERVERS is set: nothing was tried on a server";
}

}  // namespace
}  // namespace inlet::storage
