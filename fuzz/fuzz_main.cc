// Runs the targets over their seeds, the corpus and mutations of both.
//
//   fuzz_targets                          every target, some runs each: the everyday test
//   fuzz_targets -t csv -s 60             one target for 60 seconds, with a random seed
//   fuzz_targets -t csv -r 7 -n 1000      1000 runs from the seed 7
//   fuzz_targets -t csv FILE...           just these inputs
//
// The input that kills a target is kept as fuzz-<target>.input in the working directory. When it is
// mended, the file goes to fuzz/corpus/<target>/.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "fuzz.h"

// A finding of the undefined-behaviour sanitizer ends in SIGABRT, which is watched.
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace inlet::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxInputBytes = 256 << 10;
constexpr unsigned kMaxRunSeconds = 20;       // Of processor time,
constexpr unsigned kMaxRunWallSeconds = 200;  // and for what waits for ever.
constexpr std::int64_t kEverydayRuns = 100;
constexpr double kEverydaySeconds = 0.2;
constexpr rlim_t kMaxMemoryBytes = rlim_t{8} << 30;

// What runs now, for the handlers below, which may not allocate.
std::string_view current_input;
char current_file[256];

void KeepInput() {
  const int file = open(current_file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0) return;
  if (write(file, current_input.data(), current_input.size()) >= 0) close(file);
}

void OnSignal(int signal) {
  KeepInput();
  const std::string_view message =
      signal == SIGALRM || signal == SIGPROF ? "took too long\n" : "died\n";
  if (write(STDERR_FILENO, message.data(), message.size()) < 0) _exit(signal);
  _exit(128 + signal);
}

void WatchForDeath() {
  std::signal(SIGALRM, OnSignal);
  std::signal(SIGPROF, OnSignal);
  std::signal(SIGABRT, OnSignal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(KeepInput);
    return;
  }
  std::signal(SIGSEGV, OnSignal);
  std::signal(SIGFPE, OnSignal);
  const rlimit limit = {kMaxMemoryBytes, kMaxMemoryBytes};
  setrlimit(RLIMIT_AS, &limit);
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& seeds, const std::vector<std::string>& words,
          std::uint64_t seed)
      : seeds_(seeds), words_(words), random_(seed) {}

  std::string Next() {
    std::string input = seeds_[Below(seeds_.size())];
    for (std::size_t left = 1 + Below(8); left > 0; --left) Mutate(input);
    if (input.size() > kMaxInputBytes) input.resize(kMaxInputBytes);
    return input;
  }

 private:
  std::size_t Below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void Mutate(std::string& input) {
    const std::size_t at = Below(input.size() + 1);
    const std::size_t length = Below(std::min<std::size_t>(input.size() - at + 1, 64));
    switch (Below(9)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << Below(8)));
        return;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(random_());
        return;
      case 2:
        input.erase(at, length);
        return;
      case 3:
        input.insert(at, input.substr(at, length));
        return;
      case 4: {
        std::string bytes(1 + Below(8), '\0');
        for (char& byte : bytes) byte = static_cast<char>(random_());
        input.insert(at, bytes);
        return;
      }
      case 5:
        if (!words_.empty()) input.insert(at, words_[Below(words_.size())]);
        return;
      case 6:
        return OverwriteNumber(input, at);
      case 7: {
        const std::string& other = seeds_[Below(seeds_.size())];
        const std::size_t from = Below(other.size() + 1);
        input = input.substr(0, at) + other.substr(from);
        return;
      }
      default:
        if (Below(4) == 0) input.resize(at);
    }
  }

  /// Sizes and counts are what binary formats are hurt by.
  void OverwriteNumber(std::string& input, std::size_t at) {
    constexpr std::uint64_t kExtreme[] = {0,
                                          1,
                                          0x7F,
                                          0x80,
                                          0xFF,
                                          0x7FFF,
                                          0xFFFF,
                                          0x7FFF'FFFF,
                                          0x8000'0000,
                                          0xFFFF'FFFF,
                                          0x7FFF'FFFF'FFFF'FFFF,
                                          0x8000'0000'0000'0000,
                                          0xFFFF'FFFF'FFFF'FFFF};
    const std::uint64_t value = kExtreme[Below(std::size(kExtreme))];
    const std::size_t width = std::size_t{1} << Below(4);
    for (std::size_t i = 0; i < width && at + i < input.size(); ++i) {
      input[at + i] = static_cast<char>(value >> (8 * i));
    }
  }

  const std::vector<std::string>& seeds_;  // Outlives this.
  const std::vector<std::string>& words_;  // Outlives this.
  std::mt19937_64 random_;
};

/// 0: no limit.
void LimitTime(unsigned seconds, unsigned wall_seconds) {
  itimerval timer{};
  timer.it_value.tv_sec = seconds;
  setitimer(ITIMER_PROF, &timer, nullptr);
  alarm(wall_seconds);
}

void RunOne(const Target& target, const std::string& input) {
  // Exactly as large as the input, so that a step beyond its end is seen.
  const std::vector<char> bytes(input.begin(), input.end());
  current_input = {bytes.data(), bytes.size()};
  LimitTime(kMaxRunSeconds, kMaxRunWallSeconds);
  target.run(current_input);
  LimitTime(0, 0);
}

struct Settings {
  std::string target;
  double seconds = 0;
  std::int64_t runs = kEverydayRuns;
  std::uint64_t seed = 1;
  std::vector<std::string> files;
};

void RunTarget(Target& target, const Settings& settings) {
  using Clock = std::chrono::steady_clock;
  fmt::format_to_n(current_file, sizeof current_file - 1, "fuzz-{}.input", target.name);
  for (std::string& input : FilesBelow(INLET_SOURCE_DIR "/fuzz/corpus/" + target.name)) {
    target.seeds.push_back(std::move(input));
  }
  if (target.seeds.empty()) target.seeds.emplace_back();
  for (const std::string& input : target.seeds) RunOne(target, input);
  const auto began = Clock::now();
  const double limit = settings.seconds > 0 ? settings.seconds : kEverydaySeconds;
  Mutator mutator(target.seeds, target.words, settings.seed);
  std::int64_t runs = 0;
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  while ((settings.seconds > 0 || runs < settings.runs) && elapsed() < limit) {
    RunOne(target, mutator.Next());
    ++runs;
  }
  fmt::print("{}: {} seeds, {} mutations in {:.1f} s, seed {}\n", target.name, target.seeds.size(),
             runs, elapsed(), settings.seed);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  Settings settings;
  for (int option = 0; (option = getopt(argc, argv, "t:s:r:n:")) != -1;) {
    if (option == 't') settings.target = optarg;
    if (option == 's') settings.seconds = std::atof(optarg);
    if (option == 'r') settings.seed = std::strtoull(optarg, nullptr, 10);
    if (option == 'n') settings.runs = std::atoll(optarg);
    if (option == '?') return 2;
  }
  if (settings.seconds > 0 && settings.seed == 1) settings.seed = std::random_device()();
  for (int i = optind; i < argc; ++i) settings.files.emplace_back(argv[i]);

  std::vector<Target> targets;
  AddFormatTargets(targets);
  AddDeltaTargets(targets);
  AddTextTargets(targets);
  AddConnectTargets(targets);
  WatchForDeath();
  bool any = false;
  for (Target& target : targets) {
    if (!settings.target.empty() && target.name != settings.target) continue;
    any = true;
    for (const std::string& path : settings.files) {
      std::ostringstream text;
      text << std::ifstream(path, std::ios::binary).rdbuf();
      RunOne(target, text.str());
    }
    if (settings.files.empty()) RunTarget(target, settings);
  }
  if (any) return 0;
  for (const Target& target : targets) fmt::print(stderr, "{}\n", target.name);
  return 2;
}

}  // namespace

std::vector<std::string> FilesBelow(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->is_regular_file() || entry->file_size() > kMaxInputBytes) continue;
    paths.push_back(entry->path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    files.push_back(std::move(text).str());
  }
  return files;
}

}  // namespace inlet::fuzz

int main(int argc, char** argv) { return inlet::fuzz::Main(argc, argv); }
