#include "delta/partition_splitter.h"

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "delta/value_text.h"
#include "types/arrow.h"

namespace inlet::delta {
namespace {

/// Each byte as the character of that number, in UTF-8.
std::string BytesAsText(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

template <class T>
T WithoutNegativeZero(T value) {
  return value == 0 ? T{0} : value;
}

std::string NtzText(std::int64_t micros) {
  std::string text = TimestampText(micros, ' ', 6);
  if (text.ends_with(".000000")) text.resize(text.size() - 7);
  return text;
}

bool SameRun(const arrow::RecordBatch& batch, const std::vector<int>& columns, std::int64_t row) {
  return std::ranges::all_of(columns, [&](int column) {
    const arrow::Array& array = *batch.column(column);
    return array.RangeEquals(array, row - 1, row, row);
  });
}

}  // namespace

std::optional<std::string> PartitionValueText(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return std::nullopt;
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
    case arrow::Type::INT8:
      return std::to_string(static_cast<const arrow::Int8Array&>(array).Value(row));
    case arrow::Type::INT16:
      return std::to_string(static_cast<const arrow::Int16Array&>(array).Value(row));
    case arrow::Type::INT32:
      return std::to_string(static_cast<const arrow::Int32Array&>(array).Value(row));
    case arrow::Type::INT64:
      return std::to_string(static_cast<const arrow::Int64Array&>(array).Value(row));
    case arrow::Type::FLOAT:
      return FloatText(
          WithoutNegativeZero(static_cast<const arrow::FloatArray&>(array).Value(row)));
    case arrow::Type::DOUBLE:
      return DoubleText(
          WithoutNegativeZero(static_cast<const arrow::DoubleArray&>(array).Value(row)));
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Array&>(array).FormatValue(row);
    case arrow::Type::DATE32:
      return DateText(static_cast<const arrow::Date32Array&>(array).Value(row));
    case arrow::Type::TIMESTAMP: {
      const std::int64_t micros = static_cast<const arrow::TimestampArray&>(array).Value(row);
      const bool is_instant =
          !static_cast<const arrow::TimestampType&>(*array.type()).timezone().empty();
      return is_instant ? TimestampText(micros, 'T', 6) + "Z" : NtzText(micros);
    }
    case arrow::Type::STRING: {
      std::string text(static_cast<const arrow::StringArray&>(array).GetView(row));
      return text.empty() ? std::nullopt : std::optional(std::move(text));
    }
    case arrow::Type::BINARY: {
      std::string text = BytesAsText(static_cast<const arrow::BinaryArray&>(array).GetView(row));
      return text.empty() ? std::nullopt : std::optional(std::move(text));
    }
    default:
      return std::nullopt;
  }
}

Result<PartitionSplitter> PartitionSplitter::Make(const types::StructType& schema,
                                                  const std::vector<std::string>& partition_columns,
                                                  const std::vector<int>& data_columns) {
  PartitionSplitter splitter;
  splitter.data_columns_ = data_columns;
  for (const std::string& name : partition_columns) {
    const std::optional<std::size_t> index = schema.IndexOf(name);
    if (!index) return FailInternal("the partition column " + name + " is not in the schema");
    const types::DataType& type = schema.fields[*index].type;
    if (type.is_nested() || type.is(types::TypeId::kVariant) || type.is(types::TypeId::kVoid)) {
      return Fail(Condition::DELTA_UNSUPPORTED_DATA_TYPES,
                  {{"dataTypeList", name + " " + ToSql(type) + " as a partition column"}});
    }
    splitter.columns_.push_back(static_cast<int>(*index));
  }
  if (partition_columns.empty()) splitter.values_.emplace_back();
  return splitter;
}

Result<std::size_t> PartitionSplitter::PartitionOf(const types::BatchPtr& batch, std::int64_t row) {
  std::string key;
  std::vector<std::optional<std::string>> texts;
  for (const int column : columns_) {
    texts.push_back(PartitionValueText(*batch->column(column), row));
    key += texts.back() ? std::to_string(texts.back()->size()) + ":" + *texts.back() : "-";
  }
  const auto [found, is_new] = partitions_.try_emplace(std::move(key), values_.size());
  if (is_new) values_.push_back(std::move(texts));
  return found->second;
}

Result<std::vector<PartitionRows>> PartitionSplitter::Split(const types::BatchPtr& batch) {
  const types::BatchPtr data = ARROW_TRY(batch->SelectColumns(data_columns_));
  const std::int64_t num_rows = batch->num_rows();
  if (columns_.empty()) return std::vector{PartitionRows{.partition = 0, .rows = data}};

  std::vector<std::size_t> partition_of_row(static_cast<std::size_t>(num_rows));
  std::unordered_map<std::size_t, std::int64_t> counts;
  std::vector<std::size_t> order;  // Of first appearance.
  for (std::int64_t row = 0; row < num_rows; ++row) {
    const auto index = static_cast<std::size_t>(row);
    partition_of_row[index] = row > 0 && SameRun(*batch, columns_, row)
                                  ? partition_of_row[index - 1]
                                  : TRY(PartitionOf(batch, row));
    if (counts[partition_of_row[index]]++ == 0) order.push_back(partition_of_row[index]);
  }
  if (order.size() == 1) return std::vector{PartitionRows{.partition = order[0], .rows = data}};

  // Rows sorted by partition, in their order within each; one gather, then slices.
  std::unordered_map<std::size_t, std::int64_t> next;
  std::int64_t begin = 0;
  for (const std::size_t partition : order) {
    next[partition] = begin;
    begin += counts[partition];
  }
  std::vector<std::int64_t> sorted(static_cast<std::size_t>(num_rows));
  for (std::size_t row = 0; row < sorted.size(); ++row) {
    sorted[static_cast<std::size_t>(next[partition_of_row[row]]++)] =
        static_cast<std::int64_t>(row);
  }
  const arrow::Int64Array indices(num_rows, arrow::Buffer::Wrap(sorted));
  const arrow::Datum gathered =
      ARROW_TRY(arrow::compute::Take(arrow::Datum(data), arrow::Datum(indices.data()),
                                     arrow::compute::TakeOptions::NoBoundsCheck()));
  std::vector<PartitionRows> result;
  begin = 0;
  for (const std::size_t partition : order) {
    const std::int64_t count = counts[partition];
    result.push_back(
        {.partition = partition, .rows = gathered.record_batch()->Slice(begin, count)});
    begin += count;
  }
  return result;
}

}  // namespace inlet::delta
