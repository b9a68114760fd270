#include "delta/data_file_statistics.h"

#include <arrow/api.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/option_map.h"
#include "delta/value_text.h"
#include "types/json_text.h"

namespace inlet::delta {
namespace {

using formats::LeafStatistics;
using formats::StatisticsValue;
using types::DataType;
using types::StructField;
using types::TypeId;

int NumLeaves(const DataType& type) {
  if (type.is(TypeId::kVariant)) return 2;
  if (!type.is_nested()) return 1;
  int leaves = 0;
  for (const StructField& field : type.fields()) leaves += NumLeaves(field.type);
  return leaves;
}

std::string PhysicalName(const StructField& field) {
  const auto found = field.metadata.find("delta.columnMapping.physicalName");
  if (found == field.metadata.end()) return field.name;
  return types::JsonStringValue(found->second).value_or(field.name);
}

bool HasBounds(TypeId id) {
  switch (id) {
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
    case TypeId::kLong:
    case TypeId::kFloat:
    case TypeId::kDouble:
    case TypeId::kDecimal:
    case TypeId::kString:
    case TypeId::kDate:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return true;
    default:
      return false;
  }
}

/// `a.b`, back-ticks around odd parts, cut into its parts.
std::vector<std::string> SplitName(std::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (const char c : text) {
    if (c == '`') {
      quoted = !quoted;
    } else if (c == '.' && !quoted) {
      parts.emplace_back();
    } else if (c != ' ' || quoted || !parts.back().empty()) {
      parts.back() += c;
    }
  }
  for (std::string& part : parts) {
    while (!quoted && part.ends_with(' ')) part.pop_back();
  }
  return parts;
}

/// Whether `path` is, or lies below, one of the named columns.
bool IsNamed(const std::vector<std::string>& path,
             const std::vector<std::vector<std::string>>& names) {
  return std::ranges::any_of(names, [&](const std::vector<std::string>& name) {
    return name.size() <= path.size() &&
           std::equal(name.begin(), name.end(), path.begin(), EqualsIgnoreCase);
  });
}

template <class Array>
bool ContainsNan(const arrow::Array& array) {
  const auto& typed = static_cast<const Array&>(array);
  const auto* values = typed.raw_values();
  bool found = false;
  for (std::int64_t i = 0; i < typed.length(); ++i) found |= values[i] != values[i];
  if (!found || typed.null_count() == 0) return found;
  for (std::int64_t i = 0; i < typed.length(); ++i) {
    if (values[i] != values[i] && typed.IsValid(i)) return true;
  }
  return false;
}

std::int64_t CountNulls(const arrow::Array& array, std::span<const arrow::Array* const> parents) {
  if (std::ranges::all_of(parents, [](const auto* parent) { return parent->null_count() == 0; })) {
    return array.null_count();
  }
  std::int64_t nulls = 0;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    nulls += array.IsNull(i) ||
             std::ranges::any_of(parents, [&](const auto* parent) { return parent->IsNull(i); });
  }
  return nulls;
}

struct CodePoint {
  std::size_t begin = 0;  // Byte position.
  std::size_t end = 0;
  std::uint32_t value = 0;
};

/// The code point at `position` of valid UTF-8.
CodePoint CodePointAt(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[position + i]); };
  const std::size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  std::uint32_t value = length == 1 ? byte(0) : byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length && position + i < text.size(); ++i) {
    value = value << 6 | (byte(i) & 0x3FU);
  }
  return {position, std::min(position + length, text.size()), value};
}

/// JSON of one bound, or nothing when there is none.
std::optional<std::string> BoundJson(const StatisticsValue& value, const DataType& type,
                                     bool is_max, int string_prefix) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    switch (type.id()) {
      case TypeId::kDecimal:
        return DecimalText(*number, type.scale());
      case TypeId::kDate:
        return "\"" + DateText(*number) + "\"";
      case TypeId::kTimestamp:
        return "\"" + TimestampText(*number, 'T', 3) + "Z\"";
      case TypeId::kTimestampNtz:
        return "\"" + TimestampText(*number, 'T', 3) + "\"";
      default:
        return std::to_string(*number);
    }
  }
  if (const auto* number = std::get_if<double>(&value)) {
    std::string text =
        type.is(TypeId::kFloat) ? FloatText(static_cast<float>(*number)) : DoubleText(*number);
    return std::isfinite(*number) ? text : "\"" + text + "\"";
  }
  if (const auto* number = std::get_if<formats::StatisticsInt128>(&value)) {
    return DecimalText(*number, type.scale());
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || string_prefix == 0 ||
      !simdjson::validate_utf8(text->data(), text->size())) {
    return std::nullopt;
  }
  if (!is_max) return types::JsonQuote(TruncatedMin(*text, string_prefix));
  const std::optional<std::string> truncated = TruncatedMax(*text, string_prefix);
  if (!truncated) return std::nullopt;
  return types::JsonQuote(*truncated);
}

void AppendMember(const std::string& name, std::string_view json, std::string& object) {
  if (!object.empty()) object += ',';
  types::AppendJsonQuoted(name, object);
  object += ':';
  object += json;
}

/// The three objects of the text, without their braces.
struct Objects {
  std::string min;
  std::string max;
  std::string nulls;
};

}  // namespace

struct DataFileStatistics::Column {
  std::string name;  // Physical.
  DataType type;
  bool wanted = false;           // Leaves, arrays and maps only.
  int leaf = 0;                  // The first of its leaf columns in the file.
  std::vector<Column> children;  // Of structs.
  std::int64_t nulls = 0;        // Of arrays and maps.
  bool has_nan = false;

  void Add(const arrow::Array& array, std::vector<const arrow::Array*>& parents) {
    switch (type.id()) {
      case TypeId::kStruct: {
        const auto& fields = static_cast<const arrow::StructArray&>(array);
        parents.push_back(&array);
        for (std::size_t i = 0; i < children.size(); ++i) {
          children[i].Add(*fields.field(static_cast<int>(i)), parents);
        }
        parents.pop_back();
        return;
      }
      case TypeId::kArray:
      case TypeId::kMap:
        if (wanted) nulls += CountNulls(array, parents);
        return;
      case TypeId::kFloat:
        if (wanted && !has_nan) has_nan = ContainsNan<arrow::FloatArray>(array);
        return;
      case TypeId::kDouble:
        if (wanted && !has_nan) has_nan = ContainsNan<arrow::DoubleArray>(array);
        return;
      default:
        return;
    }
  }

  void Describe(const formats::WrittenParquetFile& file, int string_prefix, Objects& out) const {
    if (type.is(TypeId::kStruct)) {
      Objects inner;
      for (const Column& child : children) child.Describe(file, string_prefix, inner);
      if (!inner.min.empty()) AppendMember(name, "{" + inner.min + "}", out.min);
      if (!inner.max.empty()) AppendMember(name, "{" + inner.max + "}", out.max);
      if (!inner.nulls.empty()) AppendMember(name, "{" + inner.nulls + "}", out.nulls);
      return;
    }
    if (!wanted) return;
    const LeafStatistics& statistics = file.leaves[static_cast<std::size_t>(leaf)];
    if (type.is_nested()) {
      AppendMember(name, std::to_string(nulls), out.nulls);
      return;
    }
    if (statistics.null_count) {
      AppendMember(name, std::to_string(*statistics.null_count), out.nulls);
    }
    if (!HasBounds(type.id()) || has_nan) return;
    const auto min = BoundJson(statistics.min, type, /*is_max=*/false, string_prefix);
    const auto max = BoundJson(statistics.max, type, /*is_max=*/true, string_prefix);
    if (min) AppendMember(name, *min, out.min);
    if (max) AppendMember(name, *max, out.max);
  }

  /// Builds the columns of one level; counts leaves of the file and columns with statistics.
  struct Builder {
    const StatisticsSpec& spec;
    std::vector<std::vector<std::string>> names;
    int next_leaf = 0;
    int next_column = 0;

    std::vector<Column> Build(const std::vector<StructField>& fields,
                              std::vector<std::string>& path) {
      std::vector<Column> columns;
      for (const StructField& field : fields) {
        path.push_back(field.name);
        Column column{.name = PhysicalName(field), .type = field.type, .leaf = next_leaf};
        if (field.type.is(TypeId::kStruct)) {
          column.children = Build(field.type.fields(), path);
        } else {
          column.wanted = Wants(path);
          next_leaf += NumLeaves(field.type);
        }
        columns.push_back(std::move(column));
        path.pop_back();
      }
      return columns;
    }

    bool Wants(const std::vector<std::string>& path) {
      const int index = next_column++;
      if (!names.empty()) return IsNamed(path, names);
      return spec.columns < 0 || index < spec.columns;
    }
  };
};

DataFileStatistics::DataFileStatistics(const types::StructType& schema, const StatisticsSpec& spec)
    : string_prefix_(spec.string_prefix) {
  Column::Builder builder{.spec = spec};
  for (const std::string& name : spec.column_names) builder.names.push_back(SplitName(name));
  std::vector<std::string> path;
  columns_ = builder.Build(schema.fields, path);
}

DataFileStatistics::~DataFileStatistics() = default;
DataFileStatistics::DataFileStatistics(DataFileStatistics&&) noexcept = default;
DataFileStatistics& DataFileStatistics::operator=(DataFileStatistics&&) noexcept = default;

void DataFileStatistics::Add(const arrow::RecordBatch& batch) {
  std::vector<const arrow::Array*> parents;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].Add(*batch.column(static_cast<int>(i)), parents);
  }
}

std::string DataFileStatistics::ToJson(const formats::WrittenParquetFile& file) const {
  Objects objects;
  for (const Column& column : columns_) column.Describe(file, string_prefix_, objects);
  std::string json = "{\"numRecords\":" + std::to_string(file.num_rows);
  if (!objects.nulls.empty()) {
    json += ",\"minValues\":{" + objects.min + "},\"maxValues\":{" + objects.max +
            "},\"nullCount\":{" + objects.nulls + "}";
  }
  return json + "}";
}

std::string TruncatedMin(std::string_view text, int prefix) {
  std::size_t end = 0;
  for (int count = 0; count < prefix && end < text.size(); ++count) {
    end = CodePointAt(text, end).end;
  }
  return std::string(text.substr(0, end));
}

std::optional<std::string> TruncatedMax(std::string_view text, int prefix) {
  int units = 0;
  std::size_t position = 0;
  const auto take = [&](const CodePoint& point) {
    units += point.value > 0xFFFF ? 2 : 1;
    position = point.end;
  };
  while (position < text.size() && units < prefix) take(CodePointAt(text, position));
  while (position < text.size()) {
    const CodePoint dropped = CodePointAt(text, position);
    if (dropped.value < 0x7F) return std::string(text.substr(0, position)) + "\x7F";
    if (dropped.value != 0x10FFFF)
      return std::string(text.substr(0, position)) + "\xF4\x8F\xBF\xBF";
    take(dropped);
    if (units > 2 * prefix) return std::nullopt;
  }
  return std::string(text);
}

}  // namespace inlet::delta
