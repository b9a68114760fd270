#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/option_map.h"
#include "cli/commands.h"
#include "sql/printer.h"

namespace inlet::cli {
namespace {

std::string ReadFiles(const std::string& file, const UploadCommand& command) {
  std::string call = "read_files(" + sql::QuoteText(std::filesystem::absolute(file).string());
  for (const std::string& option : command.reader_options) {
    const std::size_t equals = option.find('=');
    call += ", " + option.substr(0, equals) + " => " + sql::QuoteText(option.substr(equals + 1));
  }
  return call + ")";
}

bool Confirmed(const std::string& question) {
  if (isatty(STDIN_FILENO) == 0) {
    std::cerr << question << " Say --yes when nobody is there to ask.\n";
    return false;
  }
  std::cerr << question << " [y/N] ";
  std::string answer;
  std::getline(std::cin, answer);
  return EqualsIgnoreCase(answer, "y") || EqualsIgnoreCase(answer, "yes");
}

Status UploadTable(workspace::Client& client, const UploadCommand& command) {
  const PrintOptions print{.format = OutputFormat::kTable};
  bool exists = client.Execute("DESCRIBE TABLE " + command.table, {}).has_value();
  if (exists && command.overwrite) exists = false;
  for (const std::string& file : command.files) {
    const std::string source = ReadFiles(file, command);
    std::cout << file << "\n";
    TRY(RunStatement(client, "DESCRIBE QUERY SELECT * FROM " + source, print, std::cout));
    TRY(RunStatement(client, "SELECT * FROM " + source + " LIMIT 5", print, std::cout));
    if (!command.yes && !Confirmed("Upload into " + command.table + "?")) {
      return Fail(Condition::OPERATION_CANCELED, {});
    }
    const std::string create = command.overwrite ? "CREATE OR REPLACE TABLE " : "CREATE TABLE ";
    TRY(RunStatement(client,
                     exists ? "INSERT INTO " + command.table + " BY NAME SELECT * FROM " + source
                            : create + command.table + " AS SELECT * FROM " + source,
                     print, std::cout));
    exists = true;  // Further files are added.
  }
  return Ok();
}

Status UploadToVolume(workspace::Client& client, const UploadCommand& command) {
  for (const std::string& file : command.files) {
    std::string target = command.volume;
    while (target.ends_with('/')) target.pop_back();
    target += "/" + std::filesystem::path(file).filename().string();
    if (!command.yes && !Confirmed("Upload " + file + " to " + target + "?")) {
      return Fail(Condition::OPERATION_CANCELED, {});
    }
    const std::string sql = "PUT " + sql::QuoteText(std::filesystem::absolute(file).string()) +
                            " INTO " + sql::QuoteText(target) +
                            (command.overwrite ? " OVERWRITE" : "");
    TRY(RunStatement(client, sql, {}, std::cout));
  }
  return Ok();
}

}  // namespace

int RunUpload(const UploadCommand& command, const workspace::WorkspaceOptions& options) {
  Result<std::unique_ptr<workspace::Workspace>> workspace = workspace::Workspace::Open(options);
  if (!workspace) {
    ShowError(workspace.error(), "");
    return kFailed;
  }
  const auto client = (*workspace)->Connect();
  const Status done =
      command.table.empty() ? UploadToVolume(*client, command) : UploadTable(*client, command);
  if (done) return kOk;
  ShowError(done.error(), "");
  return kFailed;
}

}  // namespace inlet::cli
