#include "ingest/bad_records.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <random>

#include "storage/object_store.h"
#include "types/json_text.h"

namespace inlet::ingest {
namespace {

std::string Timestamp() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y%m%dT%H%M%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
}

/// One file of bad records. Thread-safe.
class BadRecordFile {
 public:
  explicit BadRecordFile(storage::Location directory) : directory_(std::move(directory)) {}

  /// A record that cannot be written is still counted as bad: it must not appear as a row, and the
  /// reader cannot stop for it here.
  void Append(const formats::BadRecord& record) {
    std::string line = "{\"path\":" + types::JsonQuote(record.path) +
                       ",\"record\":" + types::JsonQuote(record.record) +
                       ",\"reason\":" + types::JsonQuote(record.reason) + "}\n";
    const std::lock_guard lock(mutex_);
    if (writer_ == nullptr) {
      std::random_device random;
      const std::string name = fmt::format("{}/{}/bad_records/part-{:08x}{:08x}", directory_.path,
                                           Timestamp(), random(), random());
      Result<std::unique_ptr<storage::ObjectWriter>> opened = directory_.store->OpenWriter(name);
      if (!opened) return;
      writer_ = *std::move(opened);
    }
    (void)writer_->Append(line).has_value();
  }

  ~BadRecordFile() {
    if (writer_ != nullptr) (void)writer_->Finish().has_value();
  }

 private:
  storage::Location directory_;
  std::mutex mutex_;
  std::unique_ptr<storage::ObjectWriter> writer_;  // Guarded by mutex_.
};

}  // namespace

Result<std::function<void(formats::BadRecord)>> OpenBadRecords(const std::string& path) {
  auto file = std::make_shared<BadRecordFile>(TRY(storage::Resolve(path)));
  return [file](formats::BadRecord record) { file->Append(record); };
}

}  // namespace inlet::ingest
