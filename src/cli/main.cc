#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

#include "base/option_map.h"
#include "cli/commands.h"

namespace inlet::cli {
namespace {

std::string DefaultHome() {
  const char* const home = std::getenv("INLET_HOME");
  return home != nullptr && *home != '\0' ? home : "./lakehouse";
}

void AddSql(CLI::App& app, SqlCommand& command, std::string& format) {
  app.add_option("-e,--execute", command.statements, "Run these statements");
  app.add_option("-f,--file", command.files, "Run the statements of a file; - is stdin");
  app.add_option("-o,--output,--format", format, "table, csv, json, jsonl, markdown, arrow")
      ->check(
          CLI::IsMember({"table", "csv", "json", "jsonl", "markdown", "arrow"}, CLI::ignore_case));
  app.add_flag("--timing", command.timing, "Tell how long each statement takes");
  app.add_flag("--no-progress", command.no_progress, "No progress bar");
  app.add_flag("--continue-on-error", command.continue_on_error,
               "Go on after a statement that failed");
}

void AddUpload(CLI::App& app, UploadCommand& command) {
  app.add_option("files", command.files, "Local files")->required()->check(CLI::ExistingFile);
  auto* target = app.add_option_group("target", "Where to");
  target->add_option("--table", command.table, "A table, catalog.schema.table");
  target->add_option("--volume", command.volume, "A directory, /Volumes/...");
  target->require_option(1);
  app.add_flag("-y,--yes", command.yes, "Do not ask");
  app.add_flag("--overwrite", command.overwrite, "Replace what is there");
  app.add_option("--option", command.reader_options, "An option of read_files, key=value");
}

void AddVolume(CLI::App& app, VolumeCommand& command) {
  app.require_subcommand(1);
  auto* ls = app.add_subcommand("ls", "List a directory");
  ls->add_option("path", command.paths, "/Volumes/...")->required()->expected(1);
  auto* cp = app.add_subcommand("cp", "Copy a file into or out of a volume");
  cp->add_option("paths", command.paths, "From and to")->required()->expected(2);
  cp->add_flag("--overwrite", command.overwrite, "Replace what is there");
  auto* rm = app.add_subcommand("rm", "Remove a file");
  rm->add_option("path", command.paths, "/Volumes/...")->required()->expected(1);
  for (auto* action : {ls, cp, rm}) {
    action->callback([&command, action] { command.action = action->get_name(); });
  }
}

/// What to say of `inlet nosuch`; the library's own word is that a subcommand is missing.
int RefuseCommand(const CLI::App& app, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  std::cerr << "inlet: there is no command '" << name << "'." << DidYouMean(name, known)
            << "\nRun with --help for more information.\n";
  return kUsageError;
}

int Main(int argc, char** argv) {
  CLI::App app("Inlet brings files into Delta Lake tables, with the SQL of Databricks.", "inlet");
  app.set_version_flag("--version", "inlet " INLET_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  workspace::WorkspaceOptions options{.home = DefaultHome()};
  app.add_option("--home", options.home, "Where catalog and tables lie (INLET_HOME)");
  app.add_option("--threads", options.threads, "Threads; 0: one a processor");
  app.add_option("--memory", options.memory_bytes,
                 "Memory limit, such as 2GB; 0: most of the machine")
      ->transform(CLI::AsSizeValue(false));

  SqlCommand sql;
  std::string format = "table";
  auto* sql_app = app.add_subcommand("sql", "Run SQL, or start a shell");
  AddSql(*sql_app, sql, format);
  UploadCommand upload;
  auto* upload_app = app.add_subcommand("upload", "Bring local files into a table or a volume");
  AddUpload(*upload_app, upload);
  VolumeCommand volume;
  auto* volume_app = app.add_subcommand("volume", "Files in volumes: ls, cp, rm");
  AddVolume(*volume_app, volume);
  std::vector<std::string> doctor_locations;
  auto* doctor_app = app.add_subcommand("doctor", "Check this machine and the stores in use");
  doctor_app->add_option("locations", doctor_locations, "URLs to try, such as s3://bucket/dir");
  InferCommand infer;
  auto* infer_app =
      app.add_subcommand("infer", "Say which types the columns of files get, and why");
  infer_app->add_option("path", infer.path, "A file, directory or glob")->required();
  infer_app->add_option("--option", infer.reader_options, "An option of read_files, key=value");
  infer_app->add_option("-o,--output", format, "table, csv, json, jsonl, markdown")
      ->check(CLI::IsMember({"table", "csv", "json", "jsonl", "markdown"}, CLI::ignore_case));
  ServeCommand serve;
  auto* serve_app = app.add_subcommand(
      "serve", "Serve Spark Connect, health and metrics, and refresh tables on schedule");
  serve_app->add_option("--http-port", serve.http_port, "0: off")->check(CLI::Range(0, 65535));
  serve_app->add_option("--connect-port", serve.connect_port, "0: off")
      ->check(CLI::Range(0, 65535));
  serve_app->add_option("--bind", serve.bind, "Address to listen on");
  serve_app
      ->add_option("--max-streams", serve.max_streams,
                   "Refreshes of streaming tables and materialized views at a time; 0: none")
      ->check(CLI::Range(0, 1000));
  serve_app->add_option("--token", serve.token, "What Spark Connect clients must bring")
      ->envname("INLET_TOKEN");
  serve_app->add_option("--tls-certificate", serve.tls_certificate, "PEM file, for Spark Connect")
      ->check(CLI::ExistingFile);
  serve_app->add_option("--tls-key", serve.tls_key, "PEM file of its key")
      ->check(CLI::ExistingFile);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> unknown = app.remaining();
    if (app.get_subcommands().empty() && !unknown.empty())
      return RefuseCommand(app, unknown.front());
    return app.exit(error) == 0 ? kOk : kUsageError;
  }
  sql.format = FindOutputFormat(format).value_or(OutputFormat::kTable);
  if (sql_app->parsed()) return RunSql(sql, options);
  if (upload_app->parsed()) return RunUpload(upload, options);
  infer.print.format = sql.format;
  if (infer_app->parsed()) return RunInfer(infer, options);
  if (volume_app->parsed()) return RunVolume(volume, options);
  if (doctor_app->parsed()) return RunDoctor(doctor_locations, options);
  return RunServe(serve, options);
}

}  // namespace
}  // namespace inlet::cli

int main(int argc, char** argv) { return inlet::cli::Main(argc, argv); }
