#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "base/option_map.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/line_reader.h"
#include "cli/progress_bar.h"
#include "sql/script.h"

namespace inlet::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kHelp =
    R"(Statements end with a semicolon; several may follow each other.
  .help            this text
  .mode FORMAT     table, csv, json, jsonl, markdown, arrow
  .timer on|off    tell how long each statement takes
  .tables          the tables of the current schema
  .schema TABLE    how a table is defined
  .read FILE       run the statements of a file
  .quit            leave
Ctrl-C cancels the statement under way. Tab completes keywords and names.
)";

constexpr std::string_view kKeywords[] = {"SELECT",         "FROM",          "WHERE",
                                          "GROUP BY",       "ORDER BY",      "HAVING",
                                          "QUALIFY",        "LIMIT",         "CREATE",
                                          "TABLE",          "REPLACE",       "VIEW",
                                          "SCHEMA",         "CATALOG",       "VOLUME",
                                          "INSERT",         "INTO",          "OVERWRITE",
                                          "VALUES",         "DESCRIBE",      "HISTORY",
                                          "DETAIL",         "EXTENDED",      "SHOW",
                                          "TABLES",         "SCHEMAS",       "CATALOGS",
                                          "VOLUMES",        "DROP",          "ALTER",
                                          "RESTORE",        "VACUUM",        "EXPLAIN",
                                          "ANALYZE",        "USE",           "SET",
                                          "read_files(",    "format =>",     "schema =>",
                                          "header =>",      "VERSION AS OF", "TIMESTAMP AS OF",
                                          "PARTITIONED BY", "CLUSTER BY",    "TBLPROPERTIES",
                                          "COMMENT",        "LOCATION",      "JOIN",
                                          "LEFT JOIN",      "INNER JOIN",    "UNION ALL",
                                          "DISTINCT",       "BETWEEN",       "WITH"};

std::string StateHome() {
  if (const char* home = std::getenv("XDG_STATE_HOME"); home != nullptr && *home != '\0')
    return home;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return std::string(home) + "/.local/state";
  }
  return "";
}

std::string Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

/// Runs statements for `inlet sql`, from wherever they come.
class Shell {
 public:
  Shell(const SqlCommand& command, workspace::Client& client)
      : command_(command), client_(client), timing_(command.timing) {
    print_.format = command.format;
  }

  /// Gives the exit code.
  int RunScript(const std::string& text) {
    int code = kOk;
    for (const sql::ScriptPart& part : sql::SplitStatements(text)) {
      const std::string statement = text.substr(part.span.begin, part.span.end - part.span.begin);
      const int result = RunOne(statement);
      if (result == kOk) continue;
      code = result;
      if (!command_.continue_on_error || result == kInterrupted) break;
    }
    return code;
  }

  int RunFile(const std::string& path) {
    std::stringstream text;
    if (path == "-") {
      text << std::cin.rdbuf();
    } else {
      const std::ifstream file(path, std::ios::binary);
      if (!file) {
        ShowError(Fail(Condition::PATH_NOT_FOUND, {{"path", path}}).error(), "");
        return kFailed;
      }
      text << file.rdbuf();
    }
    return RunScript(text.str());
  }

  int RunInteractively() {
    InstallPromptInterrupt();
    const std::string state = StateHome();
    LineReader reader(state.empty() ? "" : HistoryFile(state),
                      [this](std::string_view beginning) { return Complete(beginning); });
    std::cerr << "Inlet " << INLET_VERSION << ". Type .help for help, .quit to leave.\n";
    std::string statement;
    while (true) {
      LineReader::Line line = reader.Read(statement.empty() ? "inlet> " : "   ...> ");
      if (line.outcome == LineReader::Outcome::kEnd) break;
      if (line.outcome == LineReader::Outcome::kCancelled) {
        statement.clear();
        std::cerr << "\n";
        continue;
      }
      if (statement.empty() && line.text.starts_with('.')) {
        reader.Remember(line.text);
        if (!RunDotCommand(Trimmed(line.text))) break;
        continue;
      }
      if (statement.empty() && Trimmed(line.text).empty()) continue;
      statement += (statement.empty() ? "" : "\n") + line.text;
      if (!sql::IsComplete(statement)) continue;
      reader.Remember(statement);
      RunScript(statement);
      statement.clear();
    }
    if (!Trimmed(statement).empty()) RunScript(statement);
    return kOk;
  }

 private:
  static std::string HistoryFile(const std::string& state) {
    std::error_code ignored;
    std::filesystem::create_directories(state + "/inlet", ignored);
    return state + "/inlet/history";
  }

  int RunOne(const std::string& statement) {
    const auto started = Clock::now();
    InterruptScope interrupt;
    Result<std::int64_t> rows = Execute(statement, interrupt.token());
    if (!rows) {
      ShowError(rows.error(), statement);
      return interrupt.interrupted() ? kInterrupted : kFailed;
    }
    if (timing_) {
      const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
      std::cerr << fmt::format("Time: {:.3f} s\n", seconds);
    }
    return kOk;
  }

  Result<std::int64_t> Execute(const std::string& statement, std::stop_token stop) {
    workspace::QueryResult result;
    {
      ProgressBar bar(!command_.no_progress);
      const workspace::ExecuteOptions options{
          .stop = stop,
          .on_progress = [&bar](const workspace::Progress& progress) { bar.Update(progress); }};
      result = TRY(client_.Execute(statement, options));
      // The bar goes before the first row appears.
      if (result.rows != nullptr) TRY(Prefetch(result));
    }
    return Print(std::move(result), print_, std::cout);
  }

  /// Waits for the first batch, which is when most of the work of a query is done.
  static Status Prefetch(workspace::QueryResult& result) {
    class Rest final : public types::BatchReader {
     public:
      Rest(types::BatchPtr first, std::unique_ptr<types::BatchReader> rest)
          : first_(std::move(first)), rest_(std::move(rest)) {}
      Result<types::BatchPtr> Next() override {
        if (!told_first_) {
          told_first_ = true;
          return std::move(first_);
        }
        return rest_->Next();
      }

     private:
      types::BatchPtr first_;
      std::unique_ptr<types::BatchReader> rest_;
      bool told_first_ = false;
    };
    types::BatchPtr first = TRY(result.rows->Next());
    result.rows = std::make_unique<Rest>(std::move(first), std::move(result.rows));
    return Ok();
  }

  /// False: leave.
  bool RunDotCommand(const std::string& line) {
    const std::size_t blank = line.find(' ');
    const std::string name = line.substr(0, blank);
    const std::string argument = blank == std::string::npos ? "" : Trimmed(line.substr(blank));
    if (name == ".quit" || name == ".exit") return false;
    if (name == ".help") {
      std::cerr << kHelp;
    } else if (name == ".mode") {
      if (const auto format = FindOutputFormat(argument)) {
        print_.format = *format;
      } else {
        std::cerr << "Known formats: table, csv, json, jsonl, markdown, arrow.\n";
      }
    } else if (name == ".timer") {
      timing_ = argument != "off";
    } else if (name == ".tables") {
      RunScript("SHOW TABLES");
    } else if (name == ".schema") {
      RunScript("SHOW CREATE TABLE " + argument);
    } else if (name == ".read") {
      RunFile(argument);
    } else {
      std::cerr << "Unknown command " << name << ". Type .help for help.\n";
    }
    return true;
  }

  std::vector<std::string> Complete(std::string_view beginning) {
    std::vector<std::string> words;
    const auto add = [&](std::string_view word) {
      if (word.size() >= beginning.size() &&
          EqualsIgnoreCase(word.substr(0, beginning.size()), beginning)) {
        words.emplace_back(word);
      }
    };
    for (const std::string_view keyword : kKeywords) add(keyword);
    for (const std::string& name : Names()) add(name);
    return words;
  }

  /// Names of the current schema's tables and of the schemas beside it.
  std::set<std::string> Names() {
    std::set<std::string> names;
    for (const auto& [sql, column] : {std::pair{"SHOW TABLES", 1}, std::pair{"SHOW SCHEMAS", 0}}) {
      Result<workspace::QueryResult> result = client_.Execute(sql, {});
      if (!result) continue;
      std::stringstream csv;
      if (!Print(*std::move(result), {.format = OutputFormat::kCsv}, csv)) continue;
      std::string line;
      std::getline(csv, line);  // The header.
      while (std::getline(csv, line)) {
        if (column == 1) line = line.substr(line.find(',') + 1);
        names.insert(line.substr(0, line.find(',')));
      }
    }
    return names;
  }

  const SqlCommand& command_;
  workspace::Client& client_;
  PrintOptions print_;
  bool timing_;
};

}  // namespace

bool UseColor(int descriptor) {
  const char* const no_color = std::getenv("NO_COLOR");
  return isatty(descriptor) != 0 && (no_color == nullptr || *no_color == '\0');
}

void ShowError(const Error& error, std::string_view sql) {
  const bool color = UseColor(STDERR_FILENO);
  std::cerr << (color ? "\x1b[31m" : "") << ToString(error, sql) << (color ? "\x1b[0m" : "")
            << "\n";
}

Result<std::int64_t> RunStatement(workspace::Client& client, const std::string& sql,
                                  const PrintOptions& print, std::ostream& out) {
  ProgressBar bar(true);
  const workspace::ExecuteOptions options{
      .on_progress = [&bar](const workspace::Progress& progress) { bar.Update(progress); }};
  return Print(TRY(client.Execute(sql, options)), print, out);
}

int RunSql(const SqlCommand& command, const workspace::WorkspaceOptions& options) {
  Result<std::unique_ptr<workspace::Workspace>> workspace = workspace::Workspace::Open(options);
  if (!workspace) {
    ShowError(workspace.error(), "");
    return kFailed;
  }
  const std::unique_ptr<workspace::Client> client = (*workspace)->Connect();
  Shell shell(command, *client);
  int outcome = kOk;
  const auto ends_after = [&](int code) {
    if (code != kOk) outcome = code;
    return code == kInterrupted || (code != kOk && !command.continue_on_error);
  };
  for (const std::string& file : command.files) {
    if (ends_after(shell.RunFile(file))) return outcome;
  }
  for (const std::string& statement : command.statements) {
    if (ends_after(shell.RunScript(statement))) return outcome;
  }
  if (!command.files.empty() || !command.statements.empty()) return outcome;
  return isatty(STDIN_FILENO) != 0 ? shell.RunInteractively() : shell.RunFile("-");
}

}  // namespace inlet::cli
