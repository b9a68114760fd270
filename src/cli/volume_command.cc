#include <filesystem>
#include <iostream>

#include "cli/commands.h"
#include "sql/printer.h"

namespace inlet::cli {
namespace {

bool IsVolumePath(const std::string& path) { return path.starts_with("/Volumes/"); }

/// A copy to a directory takes the file's name.
std::string TargetFor(const std::string& source, std::string target) {
  if (!target.ends_with('/')) return target;
  return target + std::filesystem::path(source).filename().string();
}

Result<std::string> CopyStatement(const VolumeCommand& command) {
  const std::string& source = command.paths[0];
  const std::string target = TargetFor(source, command.paths[1]);
  if (IsVolumePath(source) == IsVolumePath(target)) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "paths"},
                 {"functionName", "volume cp"},
                 {"message", "one of them is a local file, the other is in /Volumes/"}});
  }
  if (IsVolumePath(target)) {
    return "PUT " + sql::QuoteText(std::filesystem::absolute(source).string()) + " INTO " +
           sql::QuoteText(target) + (command.overwrite ? " OVERWRITE" : "");
  }
  return "GET " + sql::QuoteText(source) + " TO " +
         sql::QuoteText(std::filesystem::absolute(target).string());
}

Result<std::string> StatementFor(const VolumeCommand& command) {
  if (command.action == "ls") return "LIST " + sql::QuoteText(command.paths[0]);
  if (command.action == "rm") return "REMOVE " + sql::QuoteText(command.paths[0]);
  return CopyStatement(command);
}

}  // namespace

int RunVolume(const VolumeCommand& command, const workspace::WorkspaceOptions& options) {
  const Status done = [&]() -> Status {
    const auto workspace = TRY(workspace::Workspace::Open(options));
    const auto client = workspace->Connect();
    TRY(RunStatement(*client, TRY(StatementFor(command)), {}, std::cout));
    return Ok();
  }();
  if (done) return kOk;
  ShowError(done.error(), "");
  return kFailed;
}

}  // namespace inlet::cli
