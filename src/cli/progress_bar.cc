#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>

namespace inlet::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kSilence = 500ms;
constexpr auto kRedraw = 100ms;
constexpr int kBarWidth = 24;

std::string Scaled(double value, std::string_view unit) {
  constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P"};
  std::size_t prefix = 0;
  while (value >= 1000 && prefix + 1 < std::size(kPrefixes)) {
    value /= 1000;
    ++prefix;
  }
  if (prefix == 0) return fmt::format("{:.0f}{}{}", value, unit.empty() ? "" : " ", unit);
  return fmt::format("{:.1f} {}{}", value, kPrefixes[prefix], unit);
}

}  // namespace

std::string BytesText(std::int64_t bytes) { return Scaled(static_cast<double>(bytes), "B"); }
std::string CountText(std::int64_t count) { return Scaled(static_cast<double>(count), ""); }

ProgressBar::ProgressBar(bool enabled) {
  if (!enabled || isatty(STDERR_FILENO) == 0) return;
  thread_ = std::jthread([this](std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    auto wait = kSilence;
    while (!wake.wait_for(lock, stop, wait, [&stop] { return stop.stop_requested(); })) {
      Draw();
      wait = kRedraw;
    }
  });
}

ProgressBar::~ProgressBar() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::Update(const workspace::Progress& progress) {
  rows_ = progress.rows;
  bytes_ = progress.bytes;
  total_bytes_ = progress.total_bytes;
}

void ProgressBar::Draw() {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  std::string line = "\r\x1b[K";
  if (total_bytes_ > 0) {
    const double done =
        std::clamp(static_cast<double>(bytes_) / static_cast<double>(total_bytes_), 0.0, 1.0);
    const int filled = static_cast<int>(done * kBarWidth);
    line += fmt::format("{:3.0f}% ", done * 100);
    for (int i = 0; i < kBarWidth; ++i) line += i < filled ? "█" : "░";
    line += " ";
  }
  line += fmt::format("{}  {} rows  {:.1f} s", BytesText(bytes_), CountText(rows_), seconds);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace inlet::cli
