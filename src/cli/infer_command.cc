#include <iostream>

#include "cli/commands.h"
#include "sql/printer.h"

namespace inlet::cli {
namespace {

std::string Statement(const InferCommand& command) {
  std::string call = "SELECT * FROM infer_schema(" + sql::QuoteText(command.path);
  for (const std::string& option : command.reader_options) {
    const std::size_t equals = option.find('=');
    const std::string value = equals == std::string::npos ? "" : option.substr(equals + 1);
    call += ", `" + option.substr(0, equals) + "` => " + sql::QuoteText(value);
  }
  return call + ")";
}

}  // namespace

int RunInfer(const InferCommand& command, const workspace::WorkspaceOptions& options) {
  Result<std::unique_ptr<workspace::Workspace>> workspace = workspace::Workspace::Open(options);
  if (!workspace) {
    ShowError(workspace.error(), "");
    return kFailed;
  }
  const auto client = (*workspace)->Connect();
  const auto shown = RunStatement(*client, Statement(command), command.print, std::cout);
  if (shown) return kOk;
  ShowError(shown.error(), "");
  return kFailed;
}

}  // namespace inlet::cli
