#include "server/spark_connect/compressed_plan.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>
#include <spark/connect/base.pb.h>
#include <zstd.h>

#include <memory>
#include <string>
#include <vector>

#include "server/spark_connect/protocol/deep_messages.h"

namespace inlet::server {
namespace {

using spark::connect::Plan;

constexpr std::size_t kMaxPlanBytes = std::size_t{512} << 20;

std::unexpected<Error> Damaged() {
  return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
              {{"errorMsg", "a compressed plan is damaged"}});
}

Result<std::string> Decompress(const std::string& data) {
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  const std::unique_ptr<ZSTD_DStream, Free> stream(ZSTD_createDStream());
  if (stream == nullptr) return Damaged();
  std::string plain;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{.src = data.data(), .size = data.size(), .pos = 0};
  std::size_t left = 1;  // Of the frame; 0 at its end.
  while (in.pos < in.size || left != 0) {
    ZSTD_outBuffer out{.dst = piece.data(), .size = piece.size(), .pos = 0};
    left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left) != 0) return Damaged();
    if (plain.size() + out.pos > kMaxPlanBytes) {
      return Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "A compressed plan is too large"},
                                                    {"limit", std::to_string(kMaxPlanBytes)}});
    }
    plain.append(piece, 0, out.pos);
    if (in.pos == in.size && out.pos == 0 && left != 0) return Damaged();  // It was cut short.
  }
  return plain;
}

bool Parse(const std::string& bytes, google::protobuf::Message& message) {
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kMaxMessageDepth);
  return message.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

}  // namespace

Status ExpandPlan(Plan& plan) {
  if (!plan.has_compressed_operation()) return Ok();
  using Operation = spark::connect::Plan::CompressedOperation;
  const Operation operation = plan.compressed_operation();
  if (operation.compression_codec() != spark::connect::COMPRESSION_CODEC_ZSTD) {
    return FailUnsupported("plans that are compressed by another codec than ZSTD");
  }
  const std::string bytes = TRY(Decompress(operation.data()));
  const bool is_command = operation.op_type() == Operation::OP_TYPE_COMMAND;
  google::protobuf::Message& target =
      is_command ? static_cast<google::protobuf::Message&>(*plan.mutable_command())
                 : static_cast<google::protobuf::Message&>(*plan.mutable_root());
  if (!Parse(bytes, target)) return Damaged();
  return Ok();
}

Status ExpandPlans(google::protobuf::Message& request) {
  if (request.GetDescriptor() == Plan::descriptor()) return ExpandPlan(static_cast<Plan&>(request));
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(request, &fields);
  for (const auto* field : fields) {
    // Relations and commands have no plans in them.
    const bool is_part = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE &&
                         !field->is_repeated() &&
                         field->message_type()->file() == Plan::descriptor()->file();
    if (is_part) TRY(ExpandPlans(*reflection.MutableMessage(&request, field)));
  }
  return Ok();
}

}  // namespace inlet::server
