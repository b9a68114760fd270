#include <cmath>
#include <limits>

#include "types/json_text.h"
#include "types/text_cast.h"
#include "types/variant.h"
#include "types/variant_internal.h"

namespace inlet::types {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

std::int64_t FloorDivide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

/// Casts one value after the other, with NULL for what does not fit.
class Caster {
 public:
  Caster(VariantView variant, const TimeZone& zone) : zone_(zone), budget_(variant) {}

  bool all_fit() const { return all_fit_; }

  Status Cast(const VariantNode& node, ColumnBuilder& out) {
    // The depth is that of the type.
    TRY(budget_.Spend(/*depth=*/0));
    if (out.id() == TypeId::kVariant) {
      const VariantView view = node.view();
      out.AppendVariant(view.metadata, view.value);
      return Ok();
    }
    if (node.kind() == VariantKind::kNull) {
      out.AppendNull();
      return Ok();
    }
    switch (out.id()) {
      case TypeId::kString:
        return CastToString(node, out);
      case TypeId::kStruct:
        return CastToStruct(node, out);
      case TypeId::kArray:
        return CastToArray(node, out);
      case TypeId::kMap:
        return CastToMap(node, out);
      case TypeId::kVoid:
      case TypeId::kYearMonthInterval:
      case TypeId::kDayTimeInterval:
        return Fail(Condition::INVALID_VARIANT_CAST,
                    {{"value", "a variant"}, {"dataType", ToSql(out.type())}});
      default:
        if (!CastToScalar(node, out)) Misfit(out);
        return Ok();
    }
  }

 private:
  void Misfit(ColumnBuilder& out) {
    all_fit_ = false;
    out.AppendNull();
  }

  Status CastToString(const VariantNode& node, ColumnBuilder& out) {
    std::string text;
    switch (node.kind()) {
      case VariantKind::kString:
        out.AppendBytes(node.text());
        return Ok();
      case VariantKind::kTimestamp:
        AppendTimestamp(node.integer(), zone_, text);
        break;
      case VariantKind::kBinary:
        // Quoting replaces what is not UTF-8; the quotes go again.
        text = JsonStringValue(JsonQuote(node.text())).value_or("");
        break;
      default:
        TRY(AppendJson(node.view(), zone_, text));
        if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
    }
    out.AppendBytes(text);
    return Ok();
  }

  Status CastToStruct(const VariantNode& node, ColumnBuilder& out) {
    if (node.kind() != VariantKind::kObject) {
      Misfit(out);
      return Ok();
    }
    for (std::size_t i = 0; i < out.num_children(); ++i) {
      const std::optional<VariantNode> field = TRY(node.Find(out.type().fields()[i].name));
      if (field) {
        TRY(Cast(*field, out.child(i)));
      } else {
        out.child(i).AppendNull();
      }
    }
    out.CloseNested();
    return Ok();
  }

  Status CastToArray(const VariantNode& node, ColumnBuilder& out) {
    if (node.kind() != VariantKind::kArray) {
      Misfit(out);
      return Ok();
    }
    for (std::uint32_t i = 0; i < node.size(); ++i) TRY(Cast(TRY(node.ChildAt(i)), out.child(0)));
    out.CloseNested();
    return Ok();
  }

  Status CastToMap(const VariantNode& node, ColumnBuilder& out) {
    if (node.kind() != VariantKind::kObject || out.child(0).id() != TypeId::kString) {
      Misfit(out);
      return Ok();
    }
    for (std::uint32_t i = 0; i < node.size(); ++i) {
      out.child(0).AppendBytes(TRY(node.KeyAt(i)));
      TRY(Cast(TRY(node.ChildAt(i)), out.child(1)));
    }
    out.CloseNested();
    return Ok();
  }

  bool CastToScalar(const VariantNode& node, ColumnBuilder& out) {
    switch (out.id()) {
      case TypeId::kBoolean:
        return CastToBoolean(node, out);
      case TypeId::kByte:
      case TypeId::kShort:
      case TypeId::kInteger:
      case TypeId::kLong:
        return CastToInteger(node, out);
      case TypeId::kFloat:
      case TypeId::kDouble:
        return CastToReal(node, out);
      case TypeId::kDecimal:
        return CastToDecimal(node, out);
      case TypeId::kBinary:
        if (node.kind() != VariantKind::kBinary && node.kind() != VariantKind::kString)
          return false;
        out.AppendBytes(node.text());
        return true;
      case TypeId::kDate:
        return CastToDate(node, out);
      default:
        return CastToTimestamp(node, out);
    }
  }

  static bool CastToBoolean(const VariantNode& node, ColumnBuilder& out) {
    std::optional<bool> value;
    switch (node.kind()) {
      case VariantKind::kBoolean:
        value = node.boolean();
        break;
      case VariantKind::kLong:
        value = node.integer() != 0;
        break;
      case VariantKind::kDouble:
      case VariantKind::kFloat:
        value = node.real() != 0;
        break;
      case VariantKind::kDecimal:
        value = node.unscaled() != 0;
        break;
      case VariantKind::kString:
        value = ParseBoolean(node.text());
        break;
      default:
        break;
    }
    if (value) out.AppendBoolean(*value);
    return value.has_value();
  }

  static std::optional<std::int64_t> IntegerOf(const VariantNode& node) {
    switch (node.kind()) {
      case VariantKind::kBoolean:
        return node.boolean() ? 1 : 0;
      case VariantKind::kLong:
        return node.integer();
      case VariantKind::kDouble:
      case VariantKind::kFloat: {
        const double whole = std::trunc(node.real());
        if (!(whole >= -0x1p63 && whole < 0x1p63)) return std::nullopt;
        return static_cast<std::int64_t>(whole);
      }
      case VariantKind::kDecimal: {
        Int128 whole = node.unscaled();
        for (int i = 0; i < node.scale(); ++i) whole /= 10;
        if (whole != static_cast<std::int64_t>(whole)) return std::nullopt;
        return static_cast<std::int64_t>(whole);
      }
      case VariantKind::kString:
        return ParseInteger<std::int64_t>(node.text());
      case VariantKind::kTimestamp:
        return FloorDivide(node.integer(), kSecond);
      default:
        return std::nullopt;
    }
  }

  static bool CastToInteger(const VariantNode& node, ColumnBuilder& out) {
    const std::optional<std::int64_t> value = IntegerOf(node);
    if (!value) return false;
    if (out.id() == TypeId::kLong) {
      out.AppendLong(*value);
    } else if (out.id() == TypeId::kInteger && *value == static_cast<std::int32_t>(*value)) {
      out.AppendInteger(static_cast<std::int32_t>(*value));
    } else if (out.id() == TypeId::kShort && *value == static_cast<std::int16_t>(*value)) {
      out.AppendShort(static_cast<std::int16_t>(*value));
    } else if (out.id() == TypeId::kByte && *value == static_cast<std::int8_t>(*value)) {
      out.AppendByte(static_cast<std::int8_t>(*value));
    } else {
      return false;
    }
    return true;
  }

  static bool CastToReal(const VariantNode& node, ColumnBuilder& out) {
    std::optional<double> value;
    std::string text;
    switch (node.kind()) {
      case VariantKind::kBoolean:
        value = node.boolean() ? 1 : 0;
        break;
      case VariantKind::kLong:
        value = static_cast<double>(node.integer());
        break;
      case VariantKind::kDouble:
      case VariantKind::kFloat:
        value = node.real();
        break;
      case VariantKind::kDecimal:
        AppendDecimal(node.unscaled(), node.scale(), text);
        value = ParseDouble(text);
        break;
      case VariantKind::kString:
        value = ParseDouble(node.text());
        break;
      case VariantKind::kTimestamp:
        value = static_cast<double>(node.integer()) / static_cast<double>(kSecond);
        break;
      default:
        break;
    }
    if (!value) return false;
    if (out.id() == TypeId::kDouble) {
      out.AppendDouble(*value);
    } else {
      out.AppendFloat(static_cast<float>(*value));
    }
    return true;
  }

  static bool CastToDecimal(const VariantNode& node, ColumnBuilder& out) {
    std::string text;
    switch (node.kind()) {
      case VariantKind::kBoolean:
        text = node.boolean() ? "1" : "0";
        break;
      case VariantKind::kLong:
        AppendInteger(node.integer(), text);
        break;
      case VariantKind::kDouble:
        AppendDouble(node.real(), text);
        break;
      case VariantKind::kFloat:
        AppendFloat(static_cast<float>(node.real()), text);
        break;
      case VariantKind::kDecimal:
        AppendDecimal(node.unscaled(), node.scale(), text);
        break;
      case VariantKind::kString:
        text = node.text();
        break;
      default:
        return false;
    }
    const auto value = ParseDecimal(text, out.type().precision(), out.type().scale());
    if (value) out.AppendDecimal(*value);
    return value.has_value();
  }

  bool CastToDate(const VariantNode& node, ColumnBuilder& out) const {
    std::optional<std::int32_t> days;
    switch (node.kind()) {
      case VariantKind::kDate:
        days = static_cast<std::int32_t>(node.integer());
        break;
      case VariantKind::kTimestamp:
        days = static_cast<std::int32_t>(FloorDivide(zone_.ToLocal(node.integer()), kDay));
        break;
      case VariantKind::kTimestampNtz:
        days = static_cast<std::int32_t>(FloorDivide(node.integer(), kDay));
        break;
      case VariantKind::kString:
        days = ParseDate(node.text());
        break;
      default:
        break;
    }
    if (days) out.AppendInteger(*days);
    return days.has_value();
  }

  /// TIMESTAMP and TIMESTAMP_NTZ; numbers are seconds, and only of a TIMESTAMP.
  bool CastToTimestamp(const VariantNode& node, ColumnBuilder& out) const {
    const bool instant = out.id() == TypeId::kTimestamp;
    std::optional<std::int64_t> value;
    switch (node.kind()) {
      case VariantKind::kDate: {
        std::int64_t midnight = 0;
        if (__builtin_mul_overflow(node.integer(), kDay, &midnight)) break;
        value = instant ? zone_.ToInstant(midnight) : midnight;
        break;
      }
      case VariantKind::kTimestamp:
        value = instant ? node.integer() : zone_.ToLocal(node.integer());
        break;
      case VariantKind::kTimestampNtz:
        value = instant ? zone_.ToInstant(node.integer()) : node.integer();
        break;
      case VariantKind::kString:
        value = instant ? ParseTimestamp(node.text(), zone_) : ParseTimestampNtz(node.text());
        break;
      case VariantKind::kLong:
        if (instant) value = Scaled(node.integer(), 0);
        break;
      case VariantKind::kDecimal:
        if (instant) value = Scaled(node.unscaled(), node.scale());
        break;
      case VariantKind::kDouble:
      case VariantKind::kFloat: {
        const double us = std::trunc(node.real() * static_cast<double>(kSecond));
        if (instant && us >= -0x1p63 && us < 0x1p63) value = static_cast<std::int64_t>(us);
        break;
      }
      default:
        break;
    }
    if (value) out.AppendLong(*value);
    return value.has_value();
  }

  static std::optional<std::int64_t> Scaled(Int128 unscaled, int scale) {
    for (; scale > 6; --scale) unscaled /= 10;
    for (; scale < 6; ++scale) {
      if (unscaled > std::numeric_limits<std::int64_t>::max() ||
          unscaled < std::numeric_limits<std::int64_t>::min()) {
        return std::nullopt;
      }
      unscaled *= 10;
    }
    if (unscaled != static_cast<std::int64_t>(unscaled)) return std::nullopt;
    return static_cast<std::int64_t>(unscaled);
  }

  const TimeZone& zone_;
  variant_format::ValueBudget budget_;
  bool all_fit_ = true;
};

}  // namespace

Result<bool> CastTo(VariantView variant, const TimeZone& zone, ColumnBuilder& out) {
  Caster caster(variant, zone);
  const std::int64_t length = out.length();
  if (Status status = caster.Cast(TRY(VariantNode::Root(variant)), out); !status) {
    out.Truncate(length);
    return std::unexpected(std::move(status).error());
  }
  return caster.all_fit();
}

}  // namespace inlet::types
