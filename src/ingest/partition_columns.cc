#include "ingest/partition_columns.h"

#include <algorithm>
#include <set>

#include "base/option_map.h"
#include "types/text_cast.h"
#include "types/time_zone.h"

namespace inlet::ingest {
namespace {

using types::DataType;
using types::TypeId;

constexpr std::string_view kNullName = "__HIVE_DEFAULT_PARTITION__";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                        HexDigit(text[i + 2]) >= 0;
    if (escape) {
      decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

/// The narrowest type of one value.
DataType TypeOfText(std::string_view text, const types::TimeZone& zone) {
  if (types::ParseStrictInteger<std::int32_t>(text)) return TypeId::kInteger;
  if (types::ParseStrictInteger<std::int64_t>(text)) return TypeId::kLong;
  if (const auto shape = types::ParseDecimalShape(text);
      shape && shape->scale <= 0 && shape->precision - shape->scale <= 38) {
    return DataType::Decimal(shape->precision - shape->scale, 0);
  }
  if (types::ParseJavaDouble(text)) return TypeId::kDouble;
  // Only whole dates: the cast grammar also takes "2024".
  constexpr std::size_t kShortestDate = 8;
  if (text.size() >= kShortestDate && text.contains('-')) {
    if (text.find_first_of(" T:") == std::string_view::npos && types::ParseDate(text)) {
      return TypeId::kDate;
    }
    if (types::ParseTimestamp(text, zone)) return TypeId::kTimestamp;
  }
  return TypeId::kString;
}

DataType Wider(const DataType& left, const DataType& right) {
  if (left == right) return left;
  if (left.is(TypeId::kVoid)) return right;
  if (right.is(TypeId::kVoid)) return left;
  const auto either = [&](TypeId id) { return left.is(id) || right.is(id); };
  const auto both = [&](auto test) { return test(left) && test(right); };
  if (both([](const DataType& type) { return type.is_integer(); })) return TypeId::kLong;
  const auto is_exact = [](const DataType& type) {
    return type.is_integer() || type.is(TypeId::kDecimal);
  };
  if (both(is_exact)) {
    constexpr int kLongDigits = 20;
    return DataType::Decimal(std::max({left.precision(), right.precision(), kLongDigits}), 0);
  }
  // Spark keeps a number beside a fraction as text, so that no digits change.
  if (either(TypeId::kDate) && either(TypeId::kTimestamp)) return TypeId::kTimestamp;
  return TypeId::kString;
}

std::string JoinKeys(const PathPartition& partition) {
  std::string text;
  for (const auto& [key, value] : partition) text += (text.empty() ? "" : ", ") + key;
  return text.empty() ? "(none)" : text;
}

Status CheckSameKeys(const std::vector<PathPartition>& partitions) {
  for (const PathPartition& partition : partitions) {
    const bool same = std::equal(partition.begin(), partition.end(), partitions[0].begin(),
                                 partitions[0].end(), [](const auto& left, const auto& right) {
                                   return EqualsIgnoreCase(left.first, right.first);
                                 });
    if (!same) {
      return Fail(Condition::CONFLICTING_PARTITION_COLUMN_NAMES,
                  {{"distinctPartColLists", JoinKeys(partitions[0]) + "; " + JoinKeys(partition)}});
    }
  }
  return Ok();
}

}  // namespace

PathPartition PartitionOf(std::string_view path, std::string_view base_path) {
  PathPartition partition;
  std::string_view rest = path.substr(base_path.empty() ? 0 : base_path.size() + 1);
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos;
       slash = rest.find('/')) {
    const std::string_view segment = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    const std::size_t equals = segment.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    const std::string_view value = segment.substr(equals + 1);
    partition.emplace_back(
        PercentDecode(segment.substr(0, equals)),
        value == kNullName || value.empty() ? std::nullopt : std::optional(PercentDecode(value)));
  }
  return partition;
}

Result<PartitionColumns> FindPartitionColumns(const std::vector<storage::ObjectInfo>& files,
                                              std::string_view base_path,
                                              const PartitionOptions& options) {
  std::vector<PathPartition> partitions;
  partitions.reserve(files.size());
  for (const auto& file : files) partitions.push_back(PartitionOf(file.path, base_path));
  std::vector<std::string> keys;
  if (options.keys) {
    keys = *options.keys;
  } else if (!partitions.empty()) {
    TRY(CheckSameKeys(partitions));
    for (const auto& [key, value] : partitions[0]) keys.push_back(key);
  }
  const types::TimeZone* zone = TRY(types::TimeZone::Find(options.session_time_zone));
  PartitionColumns columns;
  for (const std::string& key : keys) columns.fields.push_back({.name = key, .type = {}});
  for (const PathPartition& partition : partitions) {
    std::vector<std::optional<std::string>>& row = columns.values.emplace_back(keys.size());
    for (const auto& [key, value] : partition) {
      const auto found = std::find_if(keys.begin(), keys.end(), [&](const std::string& name) {
        return EqualsIgnoreCase(name, key);
      });
      if (found != keys.end()) row[static_cast<std::size_t>(found - keys.begin())] = value;
    }
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::set<std::string_view> seen;  // Partition values repeat: each text is judged once.
    DataType& type = columns.fields[i].type;
    for (const auto& row : columns.values) {
      if (!row[i] || !seen.insert(*row[i]).second) continue;
      type = options.infer_types ? Wider(type, TypeOfText(*row[i], *zone)) : TypeId::kString;
    }
    if (type.is(TypeId::kVoid)) type = TypeId::kString;
  }
  return columns;
}

}  // namespace inlet::ingest
