#include <cmath>

#include "types/base64.h"
#include "types/json_document.h"
#include "types/json_text.h"
#include "types/json_variant.h"
#include "types/variant.h"
#include "types/variant_internal.h"

namespace inlet::types {
namespace {

using namespace variant_format;

/// Timestamps of texts inside of JSON: the offset always follows.
void AppendOffset(std::int64_t instant_us, const TimeZone& zone, std::string& out) {
  const std::int32_t offset = zone.OffsetAt(instant_us / 1'000'000);
  const std::int32_t minutes = std::abs(offset) / 60;
  const auto two_digits = [&](std::int32_t value) {
    out += static_cast<char>('0' + value / 10);
    out += static_cast<char>('0' + value % 10);
  };
  out += offset < 0 ? '-' : '+';
  two_digits(minutes / 60);
  out += ':';
  two_digits(minutes % 60);
}

void AppendTimeOfDay(std::int64_t us, std::string& out) {
  std::string text;
  AppendTimestampNtz(us, text);
  out += std::string_view(text).substr(std::min<std::size_t>(text.size(), 11));
}

}  // namespace

void AppendUuid(std::string_view bytes, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
}

void AppendStrippedDecimal(Int128 unscaled, int scale, std::string& out) {
  while (scale > 0 && unscaled % 10 == 0) {
    unscaled /= 10;
    --scale;
  }
  AppendDecimal(unscaled, scale, out);
}

namespace {

Status AppendScalarJson(const VariantNode& node, const TimeZone& zone, std::string& out) {
  std::string text;
  switch (node.kind()) {
    case VariantKind::kNull:
      out += "null";
      return Ok();
    case VariantKind::kBoolean:
      out += node.boolean() ? "true" : "false";
      return Ok();
    case VariantKind::kLong:
      AppendInteger(node.integer(), out);
      return Ok();
    case VariantKind::kDecimal:
      AppendStrippedDecimal(node.unscaled(), node.scale(), out);
      return Ok();
    case VariantKind::kDouble:
    case VariantKind::kFloat:
      if (node.kind() == VariantKind::kDouble) {
        AppendDouble(node.real(), text);
      } else {
        AppendFloat(static_cast<float>(node.real()), text);
      }
      if (std::isfinite(node.real())) {
        out += text;
        return Ok();
      }
      break;
    case VariantKind::kDate:
      types::AppendDate(static_cast<std::int32_t>(node.integer()), text);
      break;
    case VariantKind::kTimestamp:
      types::AppendTimestamp(node.integer(), zone, text);
      AppendOffset(node.integer(), zone, text);
      break;
    case VariantKind::kTimestampNtz:
      types::AppendTimestampNtz(node.integer(), text);
      break;
    case VariantKind::kTime:
      AppendTimeOfDay(node.integer(), text);
      break;
    case VariantKind::kBinary:
      AppendBase64(node.text(), text);
      break;
    case VariantKind::kUuid:
      AppendUuid(node.text(), text);
      break;
    default:
      text = node.text();
  }
  AppendJsonQuoted(text, out);
  return Ok();
}

Status AppendNodeJson(const VariantNode& node, const TimeZone& zone, int depth, ValueBudget& budget,
                      std::string& out) {
  TRY(budget.Spend(depth));
  const bool object = node.kind() == VariantKind::kObject;
  if (!object && node.kind() != VariantKind::kArray) return AppendScalarJson(node, zone, out);
  out += object ? '{' : '[';
  for (std::uint32_t i = 0; i < node.size(); ++i) {
    if (i > 0) out += ',';
    if (object) {
      AppendJsonQuoted(TRY(node.KeyAt(i)), out);
      out += ':';
    }
    TRY(AppendNodeJson(TRY(node.ChildAt(i)), zone, depth + 1, budget, out));
  }
  out += object ? '}' : ']';
  return Ok();
}

}  // namespace

Status AppendJson(VariantView variant, const TimeZone& zone, std::string& out) {
  ValueBudget budget(variant);
  return AppendNodeJson(TRY(VariantNode::Root(variant)), zone, 0, budget, out);
}

Result<Variant> ParseJson(std::string_view json) {
  thread_local JsonDocument document;
  thread_local VariantBuilder builder;
  const JsonSyntax standard;
  document.Load(json);
  Status status = Ok();
  const bool parsed = document.Visit(standard, [&](auto& cursor) {
    builder.Reset();
    status = JsonToVariant(cursor, builder).AppendValue();
    return status.has_value();
  });
  if (parsed) return builder.Finish();
  if (!status && status.error().condition == Condition::VARIANT_SIZE_LIMIT) {
    return std::unexpected(std::move(status).error());
  }
  constexpr std::size_t kMaxShown = 1000;
  return Fail(
      Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
      {{"badRecord", std::string(json.substr(0, kMaxShown))}, {"failFastMode", "FAILFAST"}});
}

}  // namespace inlet::types
