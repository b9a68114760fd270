#include <arrow/api.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string_view>

#include "formats/parquet/column_encoding_internal.h"

namespace inlet::formats {
namespace {

constexpr std::int64_t kSampleValues = 8192;
/// Fewer values say too little, and the dictionary of so few costs nothing.
constexpr std::int64_t kMinValues = 2048;

/// What a sample of one leaf says of a dictionary of all its values.
class DictionarySample {
 public:
  void Add(std::string_view value) {
    hashes_.push_back(std::hash<std::string_view>{}(value));
    num_bytes_ += static_cast<std::int64_t>(value.size());
  }

  bool Outgrows(std::int64_t max_bytes) && {
    const auto num_values = static_cast<std::int64_t>(hashes_.size());
    if (num_values < kMinValues) return false;
    std::ranges::sort(hashes_);
    const auto repeated = std::ranges::unique(hashes_);
    const auto num_different = num_values - static_cast<std::int64_t>(repeated.size());
    const double value_bytes = static_cast<double>(num_bytes_) / static_cast<double>(num_values);
    return EstimateDifferent(num_values, num_different) * value_bytes >
           static_cast<double>(max_bytes);
  }

 private:
  std::vector<std::size_t> hashes_;
  std::int64_t num_bytes_ = 0;
};

template <class Array>
void AddTexts(const arrow::Array& array, DictionarySample& sample) {
  const auto& texts = static_cast<const Array&>(array);
  for (std::int64_t i = 0; i < std::min(texts.length(), kSampleValues); ++i) {
    if (texts.IsValid(i)) sample.Add(texts.GetView(i));
  }
}

void AddFixedWidth(const arrow::Array& array, int width, DictionarySample& sample) {
  const arrow::ArrayData& data = *array.data();
  if (data.buffers.size() < 2 || data.buffers[1] == nullptr) return;
  const auto* values = reinterpret_cast<const char*>(data.buffers[1]->data()) + data.offset * width;
  for (std::int64_t i = 0; i < std::min(array.length(), kSampleValues); ++i) {
    if (array.IsValid(i)) sample.Add({values + i * width, static_cast<std::size_t>(width)});
  }
}

bool OutgrowsDictionary(const arrow::Array& array, std::int64_t max_bytes) {
  DictionarySample sample;
  switch (array.type_id()) {
    case arrow::Type::STRING:
      AddTexts<arrow::StringArray>(array, sample);
      break;
    case arrow::Type::BINARY:
      AddTexts<arrow::BinaryArray>(array, sample);
      break;
    case arrow::Type::BOOL:
      return false;
    default:
      if (!arrow::is_fixed_width(array.type_id())) return false;
      AddFixedWidth(array, array.type()->bit_width() / 8, sample);
  }
  return std::move(sample).Outgrows(max_bytes);
}

class Chooser {
 public:
  explicit Chooser(std::int64_t max_dictionary_bytes) : max_bytes_(max_dictionary_bytes) {}

  void Visit(const arrow::Array& array, const std::string& path, bool is_repeated) {
    switch (array.type_id()) {
      case arrow::Type::STRUCT: {
        const auto& fields = static_cast<const arrow::StructArray&>(array);
        for (int i = 0; i < fields.num_fields(); ++i) {
          Visit(*fields.field(i), path + "." + array.type()->field(i)->name(), is_repeated);
        }
        return;
      }
      case arrow::Type::LIST: {
        const auto& list = static_cast<const arrow::ListArray&>(array);
        return Visit(*Elements(list, list.values()), path + ".list.element", true);
      }
      case arrow::Type::MAP: {
        const auto& map = static_cast<const arrow::MapArray&>(array);
        Visit(*Elements(map, map.keys()), path + ".key_value.key", true);
        return Visit(*Elements(map, map.items()), path + ".key_value.value", true);
      }
      default:
        if (OutgrowsDictionary(array, max_bytes_)) chosen_.without_dictionary.push_back(path);
        if (is_repeated) chosen_.without_statistics.push_back(path);
    }
  }

  ColumnEncodings Take() && { return std::move(chosen_); }

 private:
  static std::shared_ptr<arrow::Array> Elements(const arrow::ListArray& list,
                                                const std::shared_ptr<arrow::Array>& values) {
    if (list.length() == 0) return values->Slice(0, 0);
    const std::int64_t begin = list.value_offset(0);
    return values->Slice(begin, list.value_offset(list.length()) - begin);
  }

  const std::int64_t max_bytes_;
  ColumnEncodings chosen_;
};

}  // namespace

double EstimateDifferent(std::int64_t num_values, std::int64_t num_different) {
  const auto values = static_cast<double>(num_values);
  const auto different = static_cast<double>(num_different);
  if (num_different >= num_values) return std::numeric_limits<double>::infinity();
  // Of `all` values `num_values` draws hit all * (1 - exp(-num_values / all)), which grows.
  double low = different;
  double high = 1e12;
  for (int step = 0; step < 60; ++step) {
    const double all = (low + high) / 2;
    (all * -std::expm1(-values / all) < different ? low : high) = all;
  }
  return low;
}

ColumnEncodings ChooseEncodings(const arrow::RecordBatch& first_rows,
                                std::int64_t max_dictionary_bytes) {
  Chooser chooser(max_dictionary_bytes);
  for (int i = 0; i < first_rows.num_columns(); ++i) {
    chooser.Visit(*first_rows.column(i), first_rows.schema()->field(i)->name(),
                  /*is_repeated=*/false);
  }
  return std::move(chooser).Take();
}

}  // namespace inlet::formats
