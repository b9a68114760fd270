#include "engine/duckdb/functions/list_rows_internal.h"

namespace inlet::engine::functions {

using duckdb::FlatVector;
using duckdb::list_entry_t;
using duckdb::ListVector;

ListRows::ListRows(DataChunk& chunk, const std::vector<Kind>& kinds, Gives gives, Vector& result,
                   bool with_keys)
    : gives_(gives),
      result_(result),
      constant_(chunk.AllConstant()),
      num_rows_(constant_ ? 1 : chunk.size()) {
  const idx_t count = chunk.size();
  std::size_t total = 1;
  LogicalType element_type = LogicalType::SQLNULL;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] == Kind::kList) {
      element_type = duckdb::ListType::GetChildType(chunk.data[i].GetType());
      total += ListVector::GetListSize(chunk.data[i]);
    } else if (kinds[i] == Kind::kElement) {
      element_type = chunk.data[i].GetType();
      total += num_rows_;
    }
  }
  elements_.emplace(element_type, total);
  arguments_.resize(kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    Argument& argument = arguments_[i];
    argument.kind = kinds[i];
    chunk.data[i].ToUnifiedFormat(count, argument.format);
    if (kinds[i] == Kind::kList) {
      AddElements(ListVector::GetEntry(chunk.data[i]), ListVector::GetListSize(chunk.data[i]),
                  argument);
    } else if (kinds[i] == Kind::kElement) {
      AddElements(chunk.data[i], num_rows_, argument);
    }
  }
  FlatVector::SetNull(*elements_, static_cast<idx_t>(num_elements_), true);
  elements_->ToUnifiedFormat(static_cast<idx_t>(num_elements_) + 1, elements_format_);
  if (with_keys && num_elements_ > 0) {
    keys_.emplace(LogicalType::BLOB, total);
    duckdb::CreateSortKeyHelpers::CreateSortKey(
        *elements_, static_cast<idx_t>(num_elements_),
        duckdb::OrderModifiers(duckdb::OrderType::ASCENDING, duckdb::OrderByNullType::NULLS_LAST),
        *keys_);
    keys_->Flatten(static_cast<idx_t>(num_elements_));
  }
  result_.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
}

void ListRows::AddElements(Vector& elements, idx_t count, Argument& argument) {
  argument.first_element = num_elements_;
  if (count == 0) return;
  duckdb::VectorOperations::Copy(elements, *elements_, count, 0, static_cast<idx_t>(num_elements_));
  num_elements_ += static_cast<std::int64_t>(count);
}

bool ListRows::is_null(std::size_t argument) const {
  const UnifiedVectorFormat& format = arguments_[argument].format;
  return !format.validity.RowIsValid(format.sel->get_index(row_));
}

std::int64_t ListRows::integer(std::size_t argument) const {
  const UnifiedVectorFormat& format = arguments_[argument].format;
  return UnifiedVectorFormat::GetData<std::int64_t>(format)[format.sel->get_index(row_)];
}

std::int64_t ListRows::size(std::size_t argument) const {
  const UnifiedVectorFormat& format = arguments_[argument].format;
  return static_cast<std::int64_t>(
      UnifiedVectorFormat::GetData<list_entry_t>(format)[format.sel->get_index(row_)].length);
}

std::int64_t ListRows::at(std::size_t argument, std::int64_t i) const {
  const Argument& from = arguments_[argument];
  if (from.kind == Kind::kElement) return from.first_element + static_cast<std::int64_t>(row_);
  const auto& entry =
      UnifiedVectorFormat::GetData<list_entry_t>(from.format)[from.format.sel->get_index(row_)];
  return from.first_element + static_cast<std::int64_t>(entry.offset) + i;
}

bool ListRows::element_is_null(std::int64_t element) const {
  return !elements_format_.validity.RowIsValid(
      elements_format_.sel->get_index(static_cast<idx_t>(element)));
}

std::string_view ListRows::key(std::int64_t element) const {
  const auto& key = FlatVector::GetData<duckdb::string_t>(*keys_)[element];
  return {key.GetData(), key.GetSize()};
}

void ListRows::Begin(idx_t row) {
  row_ = row;
  list_begin_ = emitted_.size();
}

void ListRows::End() {
  if (gives_ != Gives::kList) return;
  FlatVector::GetData<list_entry_t>(result_)[row_] = {list_begin_, emitted_.size() - list_begin_};
}

void ListRows::SetNull() {
  if (gives_ == Gives::kElement) {
    EmitNull();
  } else {
    FlatVector::SetNull(result_, row_, true);
  }
}

void ListRows::Emit(std::int64_t element) {
  emitted_.push_back(static_cast<std::uint32_t>(element));
}

void ListRows::Set(bool value) { FlatVector::GetData<bool>(result_)[row_] = value; }

void ListRows::Set(std::int64_t value) { FlatVector::GetData<std::int64_t>(result_)[row_] = value; }

void ListRows::Finish() {
  if (gives_ == Gives::kList || gives_ == Gives::kElement) {
    duckdb::SelectionVector selection(emitted_.size() + 1);
    for (std::size_t i = 0; i < emitted_.size(); ++i) selection.set_index(i, emitted_[i]);
    if (gives_ == Gives::kElement) {
      duckdb::VectorOperations::Copy(*elements_, result_, selection, emitted_.size(), 0, 0);
    } else {
      ListVector::Reserve(result_, emitted_.size());
      if (!emitted_.empty()) {
        duckdb::VectorOperations::Copy(*elements_, ListVector::GetEntry(result_), selection,
                                       emitted_.size(), 0, 0);
      }
      ListVector::SetListSize(result_, emitted_.size());
    }
  }
  if (constant_) result_.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

}  // namespace inlet::engine::functions
