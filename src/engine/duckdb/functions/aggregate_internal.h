#pragma once

#include <duckdb/function/aggregate_function.hpp>
#include <memory>
#include <span>
#include <type_traits>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"

/// How this folder writes an aggregate for DuckDB: a type with a State and three steps over it.
///
///   struct Product {
///     struct Data {                        // What the binder decided; comparable with ==.
///       bool operator==(const Data&) const = default;
///     };
///     struct State { ... };                // Default-constructed for an empty group.
///     static constexpr bool kSkipsNulls;   // Rows with a NULL argument are not seen.
///     static void Update(State&, const Data&, const RowCells&);
///     static void Combine(State& target, const State& source, const Data&);
///     static void Finish(State&, const Data&, Vector& result, idx_t row);
///   };
namespace inlet::engine::functions {

/// The arguments of one row.
class RowCells {
 public:
  RowCells(std::span<const Cells> columns, idx_t row) : columns_(columns), row_(row) {}
  Cell operator[](std::size_t argument) const { return columns_[argument][row_]; }
  std::size_t size() const { return columns_.size(); }
  bool has_null() const {
    for (const Cells& column : columns_) {
      if (column[row_].is_null()) return true;
    }
    return false;
  }

 private:
  std::span<const Cells> columns_;
  idx_t row_;
};

template <class Data>
struct AggregateBindData final : duckdb::FunctionData {
  explicit AggregateBindData(Data decided) : data(std::move(decided)) {}
  Data data;
  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    return duckdb::make_uniq<AggregateBindData>(data);
  }
  bool Equals(const duckdb::FunctionData& other) const override {
    return data == other.Cast<AggregateBindData>().data;
  }
};

template <class Op>
class AggregateSteps {
 public:
  using State = typename Op::State;
  using Data = typename Op::Data;

  static duckdb::AggregateFunction Make(const LogicalType& result) {
    duckdb::AggregateFunction function({}, result, StateSize, Initialize, Update, Combine, Finalize,
                                       duckdb::FunctionNullHandling::SPECIAL_HANDLING);
    if constexpr (!kInline) function.SetStateDestructorCallback(Destroy);
    return function;
  }

 private:
  /// DuckDB aligns states to 8 bytes and may move them: what points into itself lives elsewhere.
  static constexpr bool kInline = std::is_trivially_copyable_v<State> && alignof(State) <= 8;
  using Slot = std::conditional_t<kInline, State, std::unique_ptr<State>>;

  static State& At(Slot& slot) {
    if constexpr (kInline) {
      return slot;
    } else {
      return *slot;
    }
  }
  static const Data& DataOf(const duckdb::AggregateInputData& input) {
    return input.bind_data->Cast<AggregateBindData<Data>>().data;
  }

  static idx_t StateSize(const duckdb::AggregateFunction&) { return sizeof(Slot); }
  static void Initialize(const duckdb::AggregateFunction&, duckdb::data_ptr_t memory) {
    auto* slot = reinterpret_cast<Slot*>(memory);
    if constexpr (kInline) {
      std::construct_at(slot);
    } else {
      std::construct_at(slot, std::make_unique<State>());
    }
  }
  static void Update(Vector inputs[], duckdb::AggregateInputData& input, idx_t num_inputs,
                     Vector& states, idx_t count) {
    std::vector<Cells> columns;
    columns.reserve(num_inputs);
    for (idx_t i = 0; i < num_inputs; ++i) columns.emplace_back(inputs[i], count);
    UnifiedVectorFormat slots;
    states.ToUnifiedFormat(count, slots);
    auto* const* pointers = UnifiedVectorFormat::GetData<Slot*>(slots);
    const Data& data = DataOf(input);
    for (idx_t row = 0; row < count; ++row) {
      const RowCells cells(columns, row);
      if (Op::kSkipsNulls && cells.has_null()) continue;
      Op::Update(At(*pointers[slots.sel->get_index(row)]), data, cells);
    }
  }
  static void Combine(Vector& sources, Vector& targets, duckdb::AggregateInputData& input,
                      idx_t count) {
    UnifiedVectorFormat from;
    sources.ToUnifiedFormat(count, from);
    auto* const* source = UnifiedVectorFormat::GetData<Slot*>(from);
    auto** target = duckdb::FlatVector::GetData<Slot*>(targets);
    const Data& data = DataOf(input);
    for (idx_t i = 0; i < count; ++i) {
      Op::Combine(At(*target[i]), At(*source[from.sel->get_index(i)]), data);
    }
  }
  static void Finalize(Vector& states, duckdb::AggregateInputData& input, Vector& result,
                       idx_t count, idx_t offset) {
    UnifiedVectorFormat slots;
    states.ToUnifiedFormat(count, slots);
    auto* const* pointers = UnifiedVectorFormat::GetData<Slot*>(slots);
    const bool is_constant = states.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR;
    for (idx_t i = 0; i < (is_constant ? 1 : count); ++i) {
      Op::Finish(At(*pointers[slots.sel->get_index(i)]), DataOf(input), result, i + offset);
    }
    if (is_constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  }
  static void Destroy(Vector& states, duckdb::AggregateInputData&, idx_t count) {
    auto** pointers = duckdb::FlatVector::GetData<Slot*>(states);
    for (idx_t i = 0; i < count; ++i) std::destroy_at(pointers[i]);
  }
};

/// What a binder callback of an aggregate returns after it cast its arguments.
template <class Op>
duckdb::unique_ptr<duckdb::FunctionData> Become(duckdb::AggregateFunction& function,
                                                const Arguments& arguments,
                                                const LogicalType& result,
                                                typename Op::Data data = {}) {
  const std::string name = function.name;
  function = AggregateSteps<Op>::Make(result);
  function.name = name;
  for (const ExpressionPtr& argument : arguments) {
    function.arguments.push_back(argument->return_type);
  }
  return duckdb::make_uniq<AggregateBindData<typename Op::Data>>(std::move(data));
}

using BindAggregate = duckdb::unique_ptr<duckdb::FunctionData> (*)(ClientContext&,
                                                                   duckdb::AggregateFunction&,
                                                                   Arguments&);

/// An aggregate that takes from `least` to `most` arguments of any type; `bind` decides the rest.
duckdb::AggregateFunctionSet AggregateOf(const std::string& name, std::size_t least,
                                         std::size_t most, BindAggregate bind);

/// Takes a constant off the end of the arguments. Raises NON_FOLDABLE_INPUT.
duckdb::Value TakeConstant(ClientContext& context, duckdb::AggregateFunction& function,
                           Arguments& arguments, std::string_view name);

inline void SetNull(Vector& result, idx_t row) { duckdb::FlatVector::SetNull(result, row, true); }
template <class T>
void SetValue(Vector& result, idx_t row, T value) {
  duckdb::FlatVector::GetData<T>(result)[row] = value;
}
inline void SetBytes(Vector& result, idx_t row, std::string_view bytes) {
  duckdb::FlatVector::GetData<duckdb::string_t>(result)[row] =
      duckdb::StringVector::AddStringOrBlob(result, bytes.data(), bytes.size());
}

}  // namespace inlet::engine::functions
