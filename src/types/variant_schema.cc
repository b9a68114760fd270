#include <algorithm>
#include <map>

#include "types/variant.h"
#include "types/variant_internal.h"

namespace inlet::types {

/// What is known of the types of many values.
struct VariantSchemaMerger::Shape {
  enum class Kind : std::uint8_t { kVoid, kScalar, kArray, kObject, kVariant };
  Kind kind = Kind::kVoid;
  DataType scalar;
  std::unique_ptr<Shape> element;
  std::map<std::string, Shape, std::less<>> fields;

  static Result<Shape> Of(const VariantNode& node, int depth, variant_format::ValueBudget& budget);
  static DataType ScalarOf(const VariantNode& node);
  void Merge(const Shape& other);
  void Append(std::string& out) const;
};

namespace {

bool IsReal(const DataType& type) { return type.is(TypeId::kFloat) || type.is(TypeId::kDouble); }

/// The type that holds both without loss of kind; nothing when there is none.
std::optional<DataType> CommonScalar(const DataType& left, const DataType& right) {
  if (left == right) return left;
  if (left.is_numeric() && right.is_numeric()) {
    if (left.is(TypeId::kFloat) && right.is(TypeId::kLong)) return left;
    if (right.is(TypeId::kFloat) && left.is(TypeId::kLong)) return right;
    if (IsReal(left) || IsReal(right)) return TypeId::kDouble;
    const DataType a = left.is(TypeId::kLong) ? DataType::Decimal(20, 0) : left;
    const DataType b = right.is(TypeId::kLong) ? DataType::Decimal(20, 0) : right;
    const int scale = std::max(a.scale(), b.scale());
    const int range = std::max(a.precision() - a.scale(), b.precision() - b.scale());
    if (range + scale > 38) return TypeId::kDouble;
    return DataType::Decimal(range + scale, scale);
  }
  const auto is_time = [](const DataType& type) {
    return type.is(TypeId::kDate) || type.is(TypeId::kTimestamp) || type.is(TypeId::kTimestampNtz);
  };
  if (!is_time(left) || !is_time(right)) return std::nullopt;
  if (left.is(TypeId::kTimestamp) || right.is(TypeId::kTimestamp)) return TypeId::kTimestamp;
  return TypeId::kTimestampNtz;
}

DataType DecimalOf(Int128 unscaled, int scale) {
  while (scale > 0 && unscaled % 10 == 0) {
    unscaled /= 10;
    --scale;
  }
  int digits = 1;
  for (Int128 rest = unscaled; rest >= 10 || rest <= -10; rest /= 10) ++digits;
  return DataType::Decimal(std::max(digits, scale), scale);
}

}  // namespace

DataType VariantSchemaMerger::Shape::ScalarOf(const VariantNode& node) {
  switch (node.kind()) {
    case VariantKind::kBoolean:
      return TypeId::kBoolean;
    case VariantKind::kLong:
      return TypeId::kLong;
    case VariantKind::kDouble:
      return TypeId::kDouble;
    case VariantKind::kFloat:
      return TypeId::kFloat;
    case VariantKind::kDecimal:
      return DecimalOf(node.unscaled(), node.scale());
    case VariantKind::kDate:
      return TypeId::kDate;
    case VariantKind::kTimestamp:
      return TypeId::kTimestamp;
    case VariantKind::kTimestampNtz:
      return TypeId::kTimestampNtz;
    case VariantKind::kBinary:
      return TypeId::kBinary;
    default:
      return TypeId::kString;
  }
}

Result<VariantSchemaMerger::Shape> VariantSchemaMerger::Shape::Of(
    const VariantNode& node, int depth, variant_format::ValueBudget& budget) {
  TRY(budget.Spend(depth));
  Shape shape;
  switch (node.kind()) {
    case VariantKind::kNull:
      break;
    case VariantKind::kArray:
      shape.kind = Kind::kArray;
      shape.element = std::make_unique<Shape>();
      for (std::uint32_t i = 0; i < node.size(); ++i) {
        shape.element->Merge(TRY(Of(TRY(node.ChildAt(i)), depth + 1, budget)));
      }
      break;
    case VariantKind::kObject:
      shape.kind = Kind::kObject;
      for (std::uint32_t i = 0; i < node.size(); ++i) {
        shape.fields.emplace(TRY(node.KeyAt(i)), TRY(Of(TRY(node.ChildAt(i)), depth + 1, budget)));
      }
      break;
    default:
      shape.kind = Kind::kScalar;
      shape.scalar = ScalarOf(node);
  }
  return shape;
}

void VariantSchemaMerger::Shape::Merge(const Shape& other) {
  if (other.kind == Kind::kVoid || kind == Kind::kVariant) return;
  if (kind == Kind::kVoid) {
    kind = other.kind;
    scalar = other.scalar;
    if (other.element != nullptr) {
      element = std::make_unique<Shape>();
      element->Merge(*other.element);
    }
    for (const auto& [name, field] : other.fields) fields[name].Merge(field);
    return;
  }
  const std::optional<DataType> common = kind == Kind::kScalar && other.kind == Kind::kScalar
                                             ? CommonScalar(scalar, other.scalar)
                                             : std::nullopt;
  if (kind != other.kind || (kind == Kind::kScalar && !common)) {
    *this = Shape{.kind = Kind::kVariant};
  } else if (kind == Kind::kScalar) {
    scalar = *common;
  } else if (kind == Kind::kArray) {
    element->Merge(*other.element);
  } else {
    for (const auto& [name, field] : other.fields) fields[name].Merge(field);
  }
}

void VariantSchemaMerger::Shape::Append(std::string& out) const {
  switch (kind) {
    case Kind::kVoid:
      out += "VOID";
      return;
    case Kind::kVariant:
      out += "VARIANT";
      return;
    case Kind::kScalar:
      out += ToSql(scalar);
      return;
    case Kind::kArray:
      out += "ARRAY<";
      element->Append(out);
      out += '>';
      return;
    case Kind::kObject:
      out += "OBJECT<";
      for (bool first = true; const auto& [name, field] : fields) {
        if (!first) out += ", ";
        first = false;
        out += QuoteIdentifier(name);
        out += ": ";
        field.Append(out);
      }
      out += '>';
  }
}

VariantSchemaMerger::VariantSchemaMerger() : shape_(std::make_unique<Shape>()) {}
VariantSchemaMerger::~VariantSchemaMerger() = default;
VariantSchemaMerger::VariantSchemaMerger(VariantSchemaMerger&&) noexcept = default;
VariantSchemaMerger& VariantSchemaMerger::operator=(VariantSchemaMerger&&) noexcept = default;

Status VariantSchemaMerger::Add(VariantView variant) {
  variant_format::ValueBudget budget(variant);
  shape_->Merge(TRY(Shape::Of(TRY(VariantNode::Root(variant)), 0, budget)));
  return Ok();
}

void VariantSchemaMerger::Merge(const VariantSchemaMerger& other) { shape_->Merge(*other.shape_); }

std::string VariantSchemaMerger::ToString() const {
  std::string text;
  shape_->Append(text);
  return text;
}

Result<std::string> SchemaOfVariant(VariantView variant) {
  VariantSchemaMerger merger;
  TRY(merger.Add(variant));
  return merger.ToString();
}

}  // namespace inlet::types
