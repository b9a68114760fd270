#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <spark/connect/base.pb.h>

namespace inlet::server {

/// How deep messages may nest. A relation is two levels, an expression two or three; protobuf's own
/// limit of 100 would refuse honest plans. Deeper ones fail before anything recurses over them.
inline constexpr int kMaxMessageDepth = 2000;

/// Reads a request, as gRPC's own code for protobuf messages does, with our depth.
template <class Message>
grpc::Status ReadDeepMessage(grpc::ByteBuffer* buffer, Message* message) {
  if (buffer == nullptr) return {grpc::StatusCode::INTERNAL, "No payload"};
  grpc::Status status = grpc::Status::OK;
  {
    grpc::ProtoBufferReader reader(buffer);
    if (!reader.status().ok()) return reader.status();
    google::protobuf::io::CodedInputStream stream(&reader);
    stream.SetRecursionLimit(kMaxMessageDepth);
    if (!message->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
      status = {
          grpc::StatusCode::INVALID_ARGUMENT,
          "[CONNECT_INVALID_PLAN.CANNOT_PARSE] The message is damaged, or nests deeper than " +
              std::to_string(kMaxMessageDepth) + " levels. SQLSTATE: 56K00"};
    }
  }
  buffer->Clear();
  return status;
}

}  // namespace inlet::server

namespace grpc {

template <>
class SerializationTraits<spark::connect::ExecutePlanRequest, void> {
 public:
  static Status Serialize(const spark::connect::ExecutePlanRequest& message, ByteBuffer* buffer,
                          bool* own_buffer) {
    return GenericSerialize<ProtoBufferWriter, spark::connect::ExecutePlanRequest>(message, buffer,
                                                                                   own_buffer);
  }
  static Status Deserialize(ByteBuffer* buffer, spark::connect::ExecutePlanRequest* message) {
    return inlet::server::ReadDeepMessage(buffer, message);
  }
};

template <>
class SerializationTraits<spark::connect::AnalyzePlanRequest, void> {
 public:
  static Status Serialize(const spark::connect::AnalyzePlanRequest& message, ByteBuffer* buffer,
                          bool* own_buffer) {
    return GenericSerialize<ProtoBufferWriter, spark::connect::AnalyzePlanRequest>(message, buffer,
                                                                                   own_buffer);
  }
  static Status Deserialize(ByteBuffer* buffer, spark::connect::AnalyzePlanRequest* message) {
    return inlet::server::ReadDeepMessage(buffer, message);
  }
};

}  // namespace grpc
