#include "ingest/stream/stream_sink.h"

namespace inlet::ingest {
namespace {

class FunctionSink final : public StreamSink {
 public:
  FunctionSink(std::string description, BatchFunction take)
      : description_(std::move(description)), take_(std::move(take)) {}

  std::string description() const override { return description_; }
  bool is_transactional() const override { return false; }
  Status Open(const std::string&, const types::StructType&) override { return Ok(); }

  Result<SinkResult> AddBatch(BatchId id, BoundQuery query,
                              const std::function<Status()>& before_visible,
                              std::stop_token stop) override {
    const SinkResult result = TRY(take_(id, std::move(query), std::move(stop)));
    TRY(before_visible());
    return result;
  }

 private:
  std::string description_;
  BatchFunction take_;
};

}  // namespace

std::unique_ptr<StreamSink> MakeFunctionSink(std::string description, BatchFunction take) {
  return std::make_unique<FunctionSink>(std::move(description), std::move(take));
}

}  // namespace inlet::ingest
