#include <cstdio>
#include <cstdlib>
#include <map>

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

std::shared_ptr<ObjectStore> OpenAt(const std::string& server, const std::string& url,
                                    OptionMap options, const std::string& endpoint_option) {
  const auto found = Servers().find(server);
  if (found == Servers().end()) {
    ADD_FAILURE() << server << " is missing: test/servers/start says why. Set INLET_NO_SERVERS=1 "
                  << "to leave out every test that needs a server.";
    return nullptr;
  }
  options[endpoint_option] = found->second;
  return Value(Resolve(url, options)).store;
}

std::vector<StoreCase> Cases() {
  if (std::getenv("INLET_NO_SERVERS") != nullptr) return {};
  const auto s3 = [](const std::string& server) {
    return [server] {
      return OpenAt(server, "s3://inlet-test/t",
                    {{"fs.s3a.access.key", "inlet"}, {"fs.s3a.secret.key", "inlet-secret"}},
                    "fs.s3a.endpoint");
    };
  };
  return {{.name = "Moto", .open = s3("INLET_TEST_MOTO"), .directory = "t"},
          {.name = "VersityGateway", .open = s3("INLET_TEST_VERSITYGW"), .directory = "t"},
          {.name = "FakeGcs",
           .open =
               [] {
                 return OpenAt("INLET_TEST_FAKEGCS", "gs://inlet-test/t",
                               {{"google_skip_signature", "true"}}, "fs.gs.storage.root.url");
               },
           .directory = "t"}};
}

INSTANTIATE_TEST_SUITE_P(Servers, ObjectStoreContract, testing::ValuesIn(Cases()), NameOf);

TEST(Servers, AreLeftOutOnlyOnRequest) {
  if (Cases().empty()) GTEST_SKIP() << "INLET_NO_SERVERS is set: nothing was tried on a server";
}

}  // namespace
}  // namespace inlet::storage
