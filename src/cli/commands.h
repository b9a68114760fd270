#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/result_printer.h"
#include "workspace/client.h"

/// The subcommands of `inlet`. Each gives the exit code of the process.
namespace inlet::cli {

/// Exit codes: 0 all well, 1 a statement failed, 2 the command line is wrong, 130 interrupted.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsageError = 2;
inline constexpr int kInterrupted = 130;

struct SqlCommand {
  std::vector<std::string> statements;  ///< -e, in order.
  std::vector<std::string> files;       ///< -f, in order; "-" is stdin.
  OutputFormat format = OutputFormat::kTable;
  bool timing = false;
  bool continue_on_error = false;
  bool no_progress = false;
};
int RunSql(const SqlCommand& command, const workspace::WorkspaceOptions& options);

struct UploadCommand {
  std::vector<std::string> files;
  std::string table;   ///< c.s.t; or
  std::string volume;  ///< /Volumes/...
  bool yes = false;
  bool overwrite = false;
  std::vector<std::string> reader_options;  ///< key=value
};
int RunUpload(const UploadCommand& command, const workspace::WorkspaceOptions& options);

struct VolumeCommand {
  std::string action;  ///< ls, cp, rm
  std::vector<std::string> paths;
  bool overwrite = false;
};
int RunVolume(const VolumeCommand& command, const workspace::WorkspaceOptions& options);

int RunDoctor(const std::vector<std::string>& locations,
              const workspace::WorkspaceOptions& options);

struct InferCommand {
  std::string path;
  std::vector<std::string> reader_options;  ///< name=value
  PrintOptions print;
};
/// Why each column of files gets its type.
int RunInfer(const InferCommand& command, const workspace::WorkspaceOptions& options);

struct ServeCommand {
  int http_port = 8080;      ///< 0: off.
  int connect_port = 15002;  ///< 0: off.
  std::string bind = "127.0.0.1";
  int max_streams = 4;          ///< Refreshes at a time; 0: none are run here.
  std::string token;            ///< What Spark Connect clients must bring; empty: nothing.
  std::string tls_certificate;  ///< A PEM file; with tls_key.
  std::string tls_key;
};
int RunServe(const ServeCommand& command, const workspace::WorkspaceOptions& options);

/// One statement for a subcommand that is written in SQL.
/// Errors: those of the statement.
Result<std::int64_t> RunStatement(workspace::Client& client, const std::string& sql,
                                  const PrintOptions& print, std::ostream& out);

/// An error as the user sees it, on stderr; red on a terminal.
void ShowError(const Error& error, std::string_view sql);

/// Whether colours may be used on this stream: a terminal, and NO_COLOR is not set.
bool UseColor(int descriptor);

}  // namespace inlet::cli
