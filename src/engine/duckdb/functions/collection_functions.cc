#include <algorithm>
#include <duckdb/planner/expression/bound_case_expression.hpp>
#include <duckdb/planner/expression/bound_columnref_expression.hpp>
#include <duckdb/planner/expression/bound_conjunction_expression.hpp>
#include <duckdb/planner/expression/bound_operator_expression.hpp>
#include <unordered_map>
#include <unordered_set>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/list_rows_internal.h"
#include "engine/duckdb/functions/moments_internal.h"
#include "engine/duckdb/functions/regex_internal.h"
#include "engine/duckdb/logical_types.h"

namespace inlet::engine::functions {

using duckdb::FlatVector;
using duckdb::list_entry_t;
using duckdb::ListVector;
using duckdb::StructVector;

namespace {

using Kind = ListRows::Kind;
using Gives = ListRows::Gives;
using Body = std::function<void(ListRows&)>;

struct ListFunction {
  const char* name;
  std::vector<Kind> kinds;
  Gives gives;
  bool with_keys;
  /// Whether a NULL element argument makes the result NULL; NULL arrays and numbers always do.
  bool null_element_gives_null;
  Body body;
};

LogicalType ElementTypeOf(const LogicalType& list, std::string_view function) {
  if (list.id() == LogicalTypeId::SQLNULL) return LogicalType::SQLNULL;
  if (list.id() != LogicalTypeId::LIST) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", std::string(function)},
           {"message",
            "the argument is " + types::ToSql(FromDuckDbType(list)) + ", expected an ARRAY"}});
  }
  return duckdb::ListType::GetChildType(list);
}

Bound BindListFunction(ClientContext& context, Arguments& arguments, const ListFunction& function) {
  LogicalType element = LogicalType::SQLNULL;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (function.kinds[i] == Kind::kInteger) continue;
    const LogicalType type = arguments[i]->return_type;
    const auto common = CommonTypeOf(
        element, function.kinds[i] == Kind::kList ? ElementTypeOf(type, function.name) : type);
    const bool text_and_other =
        element.id() != LogicalTypeId::SQLNULL && function.kinds[i] == Kind::kElement &&
        (element.id() == LogicalTypeId::VARCHAR) != (type.id() == LogicalTypeId::VARCHAR) &&
        type.id() != LogicalTypeId::SQLNULL;
    if (!common || text_and_other) {
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", function.name}, {"message", "the elements have no common type"}});
    }
    element = *common;
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const LogicalType target = function.kinds[i] == Kind::kList      ? LogicalType::LIST(element)
                               : function.kinds[i] == Kind::kElement ? element
                                                                     : LogicalType::BIGINT;
    arguments[i] = CastTo(context, std::move(arguments[i]), target);
  }
  const LogicalType type = function.gives == Gives::kList      ? LogicalType::LIST(element)
                           : function.gives == Gives::kElement ? element
                           : function.gives == Gives::kBoolean ? LogicalType::BOOLEAN
                                                               : LogicalType::BIGINT;
  return {.type = type, .execute = [function](DataChunk& chunk, ExpressionState&, Vector& result) {
            ListRows rows(chunk, function.kinds, function.gives, result, function.with_keys);
            for (idx_t row = 0; row < rows.num_rows(); ++row) {
              rows.Begin(row);
              bool is_null = false;
              for (std::size_t i = 0; i < function.kinds.size(); ++i) {
                is_null |= rows.is_null(i) && (function.kinds[i] != Kind::kElement ||
                                               function.null_element_gives_null);
              }
              if (is_null) {
                rows.SetNull();
              } else {
                function.body(rows);
              }
              rows.End();
            }
            rows.Finish();
          }};
}

using KeySet = std::unordered_set<std::string_view>;

void EmitNew(ListRows& rows, std::size_t argument, KeySet& seen) {
  for (std::int64_t i = 0; i < rows.size(argument); ++i) {
    const std::int64_t element = rows.at(argument, i);
    if (seen.insert(rows.key(element)).second) rows.Emit(element);
  }
}

KeySet KeysOf(const ListRows& rows, std::size_t argument) {
  KeySet keys;
  for (std::int64_t i = 0; i < rows.size(argument); ++i)
    keys.insert(rows.key(rows.at(argument, i)));
  return keys;
}

void EmitSorted(ListRows& rows, bool ascending, bool nulls_first) {
  std::vector<std::int64_t> elements;
  std::int64_t nulls = 0;
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const std::int64_t element = rows.at(0, i);
    if (rows.element_is_null(element)) {
      ++nulls;
    } else {
      elements.push_back(element);
    }
  }
  std::stable_sort(elements.begin(), elements.end(), [&](std::int64_t a, std::int64_t b) {
    return ascending ? rows.key(a) < rows.key(b) : rows.key(b) < rows.key(a);
  });
  for (std::int64_t i = 0; nulls_first && i < nulls; ++i) rows.EmitNull();
  for (const std::int64_t element : elements) rows.Emit(element);
  for (std::int64_t i = 0; !nulls_first && i < nulls; ++i) rows.EmitNull();
}

void EmitExtreme(ListRows& rows, bool largest) {
  std::optional<std::int64_t> found;
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const std::int64_t element = rows.at(0, i);
    if (rows.element_is_null(element)) continue;
    if (!found ||
        (largest ? rows.key(*found) < rows.key(element) : rows.key(element) < rows.key(*found)))
      found = element;
  }
  if (found) {
    rows.Emit(*found);
  } else {
    rows.EmitNull();
  }
}

/// The 0-based place of the element argument 1 in the array argument 0; -1 for none.
std::int64_t Find(const ListRows& rows, bool& any_null) {
  const std::string_view wanted = rows.key(rows.at(1, 0));
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const std::int64_t element = rows.at(0, i);
    if (rows.element_is_null(element)) {
      any_null = true;
    } else if (rows.key(element) == wanted) {
      return i;
    }
  }
  return -1;
}

void Overlap(ListRows& rows) {
  bool any_null = false;
  const KeySet keys = KeysOf(rows, 1);
  for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
    for (std::int64_t i = 0; i < rows.size(side); ++i)
      any_null |= rows.element_is_null(rows.at(side, i));
  }
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const std::int64_t element = rows.at(0, i);
    if (!rows.element_is_null(element) && keys.contains(rows.key(element))) return rows.Set(true);
  }
  if (any_null && rows.size(0) > 0 && rows.size(1) > 0) return rows.SetNull();
  rows.Set(false);
}

void Insert(ListRows& rows) {
  const std::int64_t size = rows.size(0);
  const std::int64_t position = rows.integer(1);
  if (position == 0) Raise(Condition::INVALID_INDEX_OF_ZERO, {});
  if (position > (std::int64_t{1} << 24) || position < -(std::int64_t{1} << 24)) {
    Raise(Condition::INLET_RESOURCE_LIMIT,
          {{"message", "array_insert() makes too long an array"}, {"limit", "16777216"}});
  }
  // -1 is behind the last element.
  const std::int64_t place = position > 0 ? position - 1 : size + position + 1;
  if (place < 0) {
    rows.Emit(rows.at(2, 0));
    for (std::int64_t i = place; i <= -1; ++i) rows.EmitNull();
  }
  for (std::int64_t i = 0; i < std::max(size, place); ++i) {
    if (i == place) rows.Emit(rows.at(2, 0));
    if (i < size) {
      rows.Emit(rows.at(0, i));
    } else {
      rows.EmitNull();
    }
  }
  if (place >= size) rows.Emit(rows.at(2, 0));
}

void Slice(ListRows& rows) {
  const std::int64_t size = rows.size(0);
  const std::int64_t start = rows.integer(1);
  const std::int64_t length = rows.integer(2);
  if (start == 0 || length < 0) {
    Raise(Condition::INVALID_PARAMETER_VALUE,
          {{"parameter", start == 0 ? "start" : "length"},
           {"functionName", "slice"},
           {"message", start == 0 ? "positions count from 1, or from -1 at the end"
                                  : "it must not be negative"}});
  }
  const std::int64_t begin = start > 0 ? start - 1 : size + start;
  if (begin < 0) return;
  for (std::int64_t i = begin; i < size && i - begin < length; ++i) rows.Emit(rows.at(0, i));
}

[[noreturn]] void RaiseIndex(Condition condition, std::int64_t index, std::int64_t size) {
  Raise(condition, {{"indexValue", std::to_string(index)}, {"arraySize", std::to_string(size)}});
}

/// a[i], from 0.
void Subscript(ListRows& rows) {
  const std::int64_t index = rows.integer(1);
  if (index < 0 || index >= rows.size(0))
    RaiseIndex(Condition::INVALID_ARRAY_INDEX, index, rows.size(0));
  rows.Emit(rows.at(0, index));
}

/// element_at(a, i), from 1 or from -1 at the end.
void ElementAt(ListRows& rows, bool is_try) {
  const std::int64_t size = rows.size(0);
  const std::int64_t index = rows.integer(1);
  if (index == 0) Raise(Condition::INVALID_INDEX_OF_ZERO, {});
  const std::int64_t place = index > 0 ? index - 1 : size + index;
  if (place >= 0 && place < size) return rows.Emit(rows.at(0, place));
  if (!is_try) RaiseIndex(Condition::INVALID_ARRAY_INDEX_IN_ELEMENT_AT, index, size);
  rows.EmitNull();
}

constexpr std::int64_t kMaxMadeElements = std::int64_t{1} << 27;

void Repeat(ListRows& rows) {
  if (rows.integer(1) > kMaxMadeElements) {
    Raise(Condition::INLET_RESOURCE_LIMIT, {{"message", "array_repeat() makes too long an array"},
                                            {"limit", std::to_string(kMaxMadeElements)}});
  }
  for (std::int64_t i = 0; i < rows.integer(1); ++i) rows.Emit(rows.at(0, 0));
}

void EmitAll(ListRows& rows, std::size_t argument) {
  for (std::int64_t i = 0; i < rows.size(argument); ++i) rows.Emit(rows.at(argument, i));
}

std::vector<ListFunction> ListFunctions() {
  using enum Kind;
  return {
      {"spark_array_distinct",
       {kList},
       Gives::kList,
       true,
       false,
       [](ListRows& r) {
         KeySet seen;
         EmitNew(r, 0, seen);
       }},
      {"spark_array_union",
       {kList, kList},
       Gives::kList,
       true,
       false,
       [](ListRows& r) {
         KeySet seen;
         EmitNew(r, 0, seen);
         EmitNew(r, 1, seen);
       }},
      {"spark_array_except",
       {kList, kList},
       Gives::kList,
       true,
       false,
       [](ListRows& r) {
         KeySet seen = KeysOf(r, 1);
         EmitNew(r, 0, seen);
       }},
      {"spark_array_intersect",
       {kList, kList},
       Gives::kList,
       true,
       false,
       [](ListRows& r) {
         const KeySet other = KeysOf(r, 1);
         KeySet seen;
         for (std::int64_t i = 0; i < r.size(0); ++i) {
           const std::int64_t element = r.at(0, i);
           if (other.contains(r.key(element)) && seen.insert(r.key(element)).second)
             r.Emit(element);
         }
       }},
      {"spark_arrays_overlap", {kList, kList}, Gives::kBoolean, true, false, Overlap},
      {"spark_array_append",
       {kList, kElement},
       Gives::kList,
       false,
       false,
       [](ListRows& r) {
         EmitAll(r, 0);
         r.Emit(r.at(1, 0));
       }},
      {"spark_array_prepend",
       {kList, kElement},
       Gives::kList,
       false,
       false,
       [](ListRows& r) {
         r.Emit(r.at(1, 0));
         EmitAll(r, 0);
       }},
      {"spark_array_insert", {kList, kInteger, kElement}, Gives::kList, false, false, Insert},
      {"spark_array_compact",
       {kList},
       Gives::kList,
       false,
       false,
       [](ListRows& r) {
         for (std::int64_t i = 0; i < r.size(0); ++i) {
           if (!r.element_is_null(r.at(0, i))) r.Emit(r.at(0, i));
         }
       }},
      {"spark_array_remove",
       {kList, kElement},
       Gives::kList,
       true,
       true,
       [](ListRows& r) {
         for (std::int64_t i = 0; i < r.size(0); ++i) {
           if (r.key(r.at(0, i)) != r.key(r.at(1, 0))) r.Emit(r.at(0, i));
         }
       }},
      {"spark_reverse_list",
       {kList},
       Gives::kList,
       false,
       false,
       [](ListRows& r) {
         for (std::int64_t i = r.size(0); i-- > 0;) r.Emit(r.at(0, i));
       }},
      {"spark_array_sort",
       {kList},
       Gives::kList,
       true,
       false,
       [](ListRows& r) { EmitSorted(r, true, false); }},
      {"spark_sort_array",
       {kList},
       Gives::kList,
       true,
       false,
       [](ListRows& r) { EmitSorted(r, true, true); }},
      {"spark_sort_array_descending",
       {kList},
       Gives::kList,
       true,
       false,
       [](ListRows& r) { EmitSorted(r, false, false); }},
      {"spark_slice", {kList, kInteger, kInteger}, Gives::kList, false, false, Slice},
      {"spark_array_repeat", {kElement, kInteger}, Gives::kList, false, false, Repeat},
      {"spark_array_contains",
       {kList, kElement},
       Gives::kBoolean,
       true,
       true,
       [](ListRows& r) {
         bool any_null = false;
         const bool found = Find(r, any_null) >= 0;
         if (!found && any_null) return r.SetNull();
         r.Set(found);
       }},
      {"spark_array_position",
       {kList, kElement},
       Gives::kLong,
       true,
       true,
       [](ListRows& r) {
         bool any_null = false;
         r.Set(Find(r, any_null) + 1);
       }},
      {"spark_array_max",
       {kList},
       Gives::kElement,
       true,
       false,
       [](ListRows& r) { EmitExtreme(r, true); }},
      {"spark_array_min",
       {kList},
       Gives::kElement,
       true,
       false,
       [](ListRows& r) { EmitExtreme(r, false); }},
      {"spark_get",
       {kList, kInteger},
       Gives::kElement,
       false,
       false,
       [](ListRows& r) {
         const std::int64_t index = r.integer(1);
         if (index < 0 || index >= r.size(0)) return r.EmitNull();
         r.Emit(r.at(0, index));
       }},
      {"spark_subscript_list", {kList, kInteger}, Gives::kElement, false, false, Subscript},
      {"spark_element_at_list",
       {kList, kInteger},
       Gives::kElement,
       false,
       false,
       [](ListRows& r) { ElementAt(r, false); }},
      {"spark_try_element_at_list",
       {kList, kInteger},
       Gives::kElement,
       false,
       false,
       [](ListRows& r) { ElementAt(r, true); }},
  };
}

// ---- Maps

/// A list of entries becomes a MAP: no NULL among the keys and none twice, or with `last_wins` the
/// last value at the place of the first.
void EntriesToMap(Vector& source, idx_t count, Vector& result, bool last_wins) {
  source.Flatten(count);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  const idx_t size = ListVector::GetListSize(source);
  Vector& entries = ListVector::GetEntry(source);
  entries.Flatten(size);
  Vector& keys = *StructVector::GetEntries(entries)[0];
  Vector& values = *StructVector::GetEntries(entries)[1];
  Vector sorted(LogicalType::BLOB, std::max<idx_t>(size, 1));
  if (size > 0) {
    duckdb::CreateSortKeyHelpers::CreateSortKey(
        keys, size,
        duckdb::OrderModifiers(duckdb::OrderType::ASCENDING, duckdb::OrderByNullType::NULLS_LAST),
        sorted);
    sorted.Flatten(size);
  }
  keys.Flatten(size);
  const auto* lists = FlatVector::GetData<list_entry_t>(source);
  auto* maps = FlatVector::GetData<list_entry_t>(result);
  // Which entries give the keys and the values of the maps.
  std::vector<duckdb::sel_t> kept_keys;
  std::vector<duckdb::sel_t> kept_values;
  std::unordered_map<std::string_view, std::size_t> seen;
  for (idx_t row = 0; row < count; ++row) {
    const std::size_t begin = kept_keys.size();
    maps[row] = {begin, 0};
    if (!FlatVector::Validity(source).RowIsValid(row)) {
      FlatVector::SetNull(result, row, true);
      continue;
    }
    seen.clear();
    for (idx_t i = lists[row].offset; i < lists[row].offset + lists[row].length; ++i) {
      if (!FlatVector::Validity(entries).RowIsValid(i)) {
        FlatVector::SetNull(result, row, true);
        break;
      }
      if (!FlatVector::Validity(keys).RowIsValid(i)) Raise(Condition::NULL_MAP_KEY, {});
      const auto& key = FlatVector::GetData<duckdb::string_t>(sorted)[i];
      const auto [known, is_new] =
          seen.try_emplace({key.GetData(), key.GetSize()}, kept_keys.size());
      if (is_new) {
        kept_keys.push_back(static_cast<duckdb::sel_t>(i));
        kept_values.push_back(static_cast<duckdb::sel_t>(i));
      } else if (last_wins) {
        kept_values[known->second] = static_cast<duckdb::sel_t>(i);
      } else {
        std::string text;
        AppendText(Cells(keys, size)[i], types::TimeZone::Utc(), text);
        Raise(Condition::DUPLICATED_MAP_KEY, {{"key", text}});
      }
    }
    maps[row].length = kept_keys.size() - begin;
  }
  const idx_t kept = kept_keys.size();
  ListVector::Reserve(result, kept);
  ListVector::SetListSize(result, kept);
  if (kept == 0) return;
  const duckdb::SelectionVector key_rows(kept_keys.data());
  const duckdb::SelectionVector value_rows(kept_values.data());
  duckdb::VectorOperations::Copy(keys, duckdb::MapVector::GetKeys(result), key_rows, kept, 0, 0);
  duckdb::VectorOperations::Copy(values, duckdb::MapVector::GetValues(result), value_rows, kept, 0,
                                 0);
}

Bound BindMapFromEntries(ClientContext& context, Arguments& arguments) {
  const bool last_wins = SessionOf(context).last_map_key_wins;
  const LogicalType element = ElementTypeOf(arguments.at(0)->return_type, "map_from_entries");
  const auto& fields = duckdb::StructType::GetChildTypes(element);
  return {.type = LogicalType::MAP(fields.at(0).second, fields.at(1).second),
          .execute = [last_wins](DataChunk& chunk, ExpressionState&, Vector& result) {
            const bool constant = chunk.AllConstant();
            EntriesToMap(chunk.data[0], constant ? 1 : chunk.size(), result, last_wins);
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

LogicalType EntryType(const LogicalType& key, const LogicalType& value) {
  return LogicalType::STRUCT({{"key", key}, {"value", value}});
}

/// Two arrays of equal length as one of entries.
Bound BindZipEntries(ClientContext&, Arguments& arguments) {
  const LogicalType key = ElementTypeOf(arguments.at(0)->return_type, "map_from_arrays");
  const LogicalType value = ElementTypeOf(arguments.at(1)->return_type, "map_from_arrays");
  return {.type = LogicalType::LIST(EntryType(key, value)),
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            const bool constant = chunk.AllConstant();
            const idx_t count = constant ? 1 : chunk.size();
            chunk.data[0].Flatten(chunk.size());
            chunk.data[1].Flatten(chunk.size());
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            const auto* keys = FlatVector::GetData<list_entry_t>(chunk.data[0]);
            const auto* values = FlatVector::GetData<list_entry_t>(chunk.data[1]);
            auto* out = FlatVector::GetData<list_entry_t>(result);
            duckdb::SelectionVector key_rows(ListVector::GetListSize(chunk.data[0]) + 1);
            duckdb::SelectionVector value_rows(ListVector::GetListSize(chunk.data[0]) + 1);
            idx_t size = 0;
            for (idx_t row = 0; row < count; ++row) {
              out[row] = {size, 0};
              if (!FlatVector::Validity(chunk.data[0]).RowIsValid(row) ||
                  !FlatVector::Validity(chunk.data[1]).RowIsValid(row)) {
                FlatVector::SetNull(result, row, true);
                continue;
              }
              if (keys[row].length != values[row].length) {
                Raise(Condition::INVALID_PARAMETER_VALUE,
                      {{"parameter", "values"},
                       {"functionName", "map_from_arrays"},
                       {"message", "the keys and the values differ in number"}});
              }
              out[row].length = keys[row].length;
              for (idx_t i = 0; i < keys[row].length; ++i, ++size) {
                key_rows.set_index(size, keys[row].offset + i);
                value_rows.set_index(size, values[row].offset + i);
              }
            }
            ListVector::Reserve(result, size);
            ListVector::SetListSize(result, size);
            auto& fields = StructVector::GetEntries(ListVector::GetEntry(result));
            if (size > 0) {
              duckdb::VectorOperations::Copy(ListVector::GetEntry(chunk.data[0]), *fields[0],
                                             key_rows, size, 0, 0);
              duckdb::VectorOperations::Copy(ListVector::GetEntry(chunk.data[1]), *fields[1],
                                             value_rows, size, 0, 0);
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

ExpressionPtr MapFromArrays(ClientContext& context, ExpressionPtr keys, ExpressionPtr values) {
  return Call(context, "spark_map_from_entries",
              Args(Call(context, "spark_zip_entries", Args(std::move(keys), std::move(values)))));
}

ExpressionPtr ListOf(ClientContext& context, Arguments elements) {
  const LogicalType type = CommonTypeOf(elements);
  for (ExpressionPtr& element : elements) element = CastTo(context, std::move(element), type);
  return Call(context, "list_value", std::move(elements));
}

Bound BindMap(ClientContext& context, Arguments& arguments) {
  if (arguments.empty()) return Replace(Call(context, "map", {}));
  if (arguments.size() % 2 != 0) {
    Raise(Condition::WRONG_NUM_ARGS, {{"functionName", "map"},
                                      {"expectedNum", "2n"},
                                      {"actualNum", std::to_string(arguments.size())}});
  }
  Arguments keys;
  Arguments values;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    (i % 2 == 0 ? keys : values).push_back(Take(arguments[i]));
  return Replace(
      MapFromArrays(context, ListOf(context, std::move(keys)), ListOf(context, std::move(values))));
}

Bound BindMapConcat(ClientContext& context, Arguments& arguments) {
  if (arguments.empty()) {
    return Replace(CastTo(context, Call(context, "map", {}),
                          LogicalType::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR)));
  }
  const LogicalType type = CommonTypeOf(arguments);
  ExpressionPtr joined;
  for (ExpressionPtr& argument : arguments) {
    ExpressionPtr entries =
        Call(context, "map_entries", Args(CastTo(context, Take(argument), type)));
    joined = joined ? Call(context, "||", Args(std::move(joined), std::move(entries)))
                    : std::move(entries);
  }
  return Replace(Call(context, "spark_map_from_entries", Args(std::move(joined))));
}

ExpressionPtr MapValue(ClientContext& context, ExpressionPtr map, ExpressionPtr key) {
  const LogicalType key_type = duckdb::MapType::KeyType(map->return_type);
  ExpressionPtr cast = CastTo(context, std::move(key), key_type);
  return Call(context, "map_extract_value", Args(std::move(map), std::move(cast)));
}

/// a[i], m[k], element_at(): by the first argument's type.
Bound BindElement(ClientContext& context, Arguments& arguments, const std::string& list_function) {
  // s['name'] of a struct is its field.
  const LogicalType& base = arguments.at(0)->return_type;
  if (base.id() == LogicalTypeId::STRUCT && !IsVariant(base) &&
      arguments.at(1)->return_type.id() == LogicalTypeId::VARCHAR) {
    return Replace(Call(context, "spark_field", TakeAll(arguments)));
  }
  const LogicalType type = arguments.at(0)->return_type;
  if (type.id() == LogicalTypeId::MAP)
    return Replace(MapValue(context, Take(arguments[0]), Take(arguments.at(1))));
  return Replace(Call(context, list_function, TakeAll(arguments)));
}

Bound BindStrToMap(ClientContext& context, Arguments& arguments) {
  const char* defaults[] = {"", ",", ":"};
  while (arguments.size() < 3)
    arguments.push_back(Constant(duckdb::Value(defaults[arguments.size()])));
  for (std::size_t i = 0; i < 3; ++i)
    CoerceTo(context, arguments[i], LogicalType::VARCHAR, "str_to_map", i);
  ExpressionPtr pairs = Call(context, "spark_split", Args(Take(arguments[0]), Take(arguments[1])));
  ExpressionPtr keys =
      Call(context, "spark_split_each",
           Args(pairs->Copy(), arguments[2]->Copy(), Constant(duckdb::Value::INTEGER(0))));
  ExpressionPtr values =
      Call(context, "spark_split_each",
           Args(pairs->Copy(), Take(arguments[2]), Constant(duckdb::Value::INTEGER(1))));
  return Replace(MapFromArrays(context, std::move(keys), std::move(values)));
}

/// Of each text its part before (0) or behind (1) the first delimiter.
Bound BindSplitEach(ClientContext&, Arguments&) {
  return {.type = LogicalType::LIST(LogicalType::VARCHAR),
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            const Cells lists(chunk.data[0], chunk.size());
            const Cells delimiters(chunk.data[1], chunk.size());
            const Cells parts(chunk.data[2], chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              const Cell list = lists[row];
              if (list.is_null() || delimiters[row].is_null()) {
                FlatVector::SetNull(result, row, true);
                continue;
              }
              const Regex regex(delimiters[row].text(), "str_to_map");
              const bool behind = parts[row].As<std::int32_t>() == 1;
              StringList split;
              Regex::Groups groups;
              for (idx_t i = 0; i < list.size(); ++i) {
                const std::string_view text = list.element(i).text();
                const bool found = regex.Find(text, 0, groups);
                if (behind) {
                  split.push_back(found ? std::optional(std::string(text.substr(groups[0]->second)))
                                        : std::nullopt);
                } else {
                  split.emplace_back(text.substr(0, found ? groups[0]->first : text.size()));
                }
              }
              FlatVector::GetData<list_entry_t>(result)[row] =
                  detail::Traits<StringList>::Write(result, split);
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

void AddMapFunctions(Registry& registry) {
  registry.AddBound("spark_map_from_entries", [](ClientContext& context, Arguments& arguments) {
    if (ElementTypeOf(arguments.at(0)->return_type, "map_from_entries").id() ==
        LogicalTypeId::SQLNULL) {
      return Replace(Call(context, "map", {}));
    }
    return BindMapFromEntries(context, arguments);
  });
  registry.AddBound("spark_zip_entries", BindZipEntries);
  registry.AddBound("spark_map", BindMap);
  registry.AddBound("spark_map_from_arrays", [](ClientContext& context, Arguments& arguments) {
    return Replace(MapFromArrays(context, Take(arguments.at(0)), Take(arguments.at(1))));
  });
  registry.AddBound("spark_map_concat", BindMapConcat);
  registry.AddBound("spark_map_contains_key", [](ClientContext& context, Arguments& arguments) {
    const LogicalType key = duckdb::MapType::KeyType(arguments.at(0)->return_type);
    return Replace(Call(context, "map_contains",
                        Args(Take(arguments[0]), CastTo(context, Take(arguments.at(1)), key))));
  });
  registry.AddBound("spark_str_to_map", BindStrToMap);
  registry.AddBound("spark_split_each", BindSplitEach);
}

// ---- Lists made of other things

Bound BindSize(ClientContext&, Arguments& arguments) {
  const LogicalType type = arguments.at(0)->return_type;
  if (type.id() == LogicalTypeId::SQLNULL)
    return Replace(Constant(duckdb::Value(LogicalType::INTEGER)));
  if (type.id() != LogicalTypeId::LIST && type.id() != LogicalTypeId::MAP) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", "size"}, {"message", "the argument is no ARRAY or MAP"}});
  }
  return {.type = LogicalType::INTEGER,
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            duckdb::UnaryExecutor::Execute<list_entry_t, std::int32_t>(
                chunk.data[0], result, chunk.size(),
                [](list_entry_t list) { return static_cast<std::int32_t>(list.length); });
          }};
}

Bound BindFlatten(ClientContext&, Arguments& arguments) {
  const LogicalType inner = ElementTypeOf(arguments.at(0)->return_type, "flatten");
  ElementTypeOf(inner, "flatten");
  return {.type = inner, .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            const bool constant = chunk.AllConstant();
            const idx_t count = constant ? 1 : chunk.size();
            Vector& outer = chunk.data[0];
            outer.Flatten(chunk.size());
            Vector& inner_lists = ListVector::GetEntry(outer);
            const idx_t num_inner = ListVector::GetListSize(outer);
            inner_lists.Flatten(num_inner);
            const auto* outer_entries = FlatVector::GetData<list_entry_t>(outer);
            const auto* inner_entries = FlatVector::GetData<list_entry_t>(inner_lists);
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            std::vector<idx_t> elements;
            for (idx_t row = 0; row < count; ++row) {
              const idx_t begin = elements.size();
              bool is_null = !FlatVector::Validity(outer).RowIsValid(row);
              for (idx_t i = 0; !is_null && i < outer_entries[row].length; ++i) {
                const idx_t at = outer_entries[row].offset + i;
                is_null = !FlatVector::Validity(inner_lists).RowIsValid(at);
                for (idx_t k = 0; !is_null && k < inner_entries[at].length; ++k)
                  elements.push_back(inner_entries[at].offset + k);
              }
              if (is_null) {
                elements.resize(begin);
                FlatVector::SetNull(result, row, true);
              }
              FlatVector::GetData<list_entry_t>(result)[row] = {begin, elements.size() - begin};
            }
            duckdb::SelectionVector selection(elements.size() + 1);
            for (idx_t i = 0; i < elements.size(); ++i) selection.set_index(i, elements[i]);
            ListVector::Reserve(result, elements.size());
            if (!elements.empty()) {
              duckdb::VectorOperations::Copy(ListVector::GetEntry(inner_lists),
                                             ListVector::GetEntry(result), selection,
                                             elements.size(), 0, 0);
            }
            ListVector::SetListSize(result, elements.size());
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

/// What explode() gives rows of: STRUCT<col> of an array, STRUCT<key, value> of a map.
Bound BindExploded(ClientContext& context, Arguments& arguments) {
  const LogicalType type = arguments.at(0)->return_type;
  if (type.id() == LogicalTypeId::MAP) {
    return Replace(Call(context, "map_entries", TakeAll(arguments)));
  }
  const LogicalType entry = LogicalType::STRUCT({{"col", ElementTypeOf(type, "explode")}});
  return Replace(
      CastTo(context, Call(context, "list_zip", TakeAll(arguments)), LogicalType::LIST(entry)));
}

/// posexplode(): entries with their place before them.
Bound BindExplodedAt(ClientContext& context, Arguments& arguments) {
  const LogicalType type = arguments.at(0)->return_type;
  const bool is_map = type.id() == LogicalTypeId::MAP;
  duckdb::child_list_t<LogicalType> fields = {{"pos", LogicalType::INTEGER}};
  if (is_map) {
    fields.emplace_back("key", duckdb::MapType::KeyType(type));
    fields.emplace_back("value", duckdb::MapType::ValueType(type));
  } else {
    fields.emplace_back("col", ElementTypeOf(type, "posexplode"));
    if (type.id() == LogicalTypeId::SQLNULL) {
      arguments[0] = CastTo(context, std::move(arguments[0]), LogicalType::LIST(type));
    }
  }
  return {.type = LogicalType::LIST(LogicalType::STRUCT(std::move(fields))),
          .execute = [is_map](DataChunk& chunk, ExpressionState&, Vector& result) {
            Vector& source = chunk.data[0];
            UnifiedVectorFormat lists;
            source.ToUnifiedFormat(chunk.size(), lists);
            const idx_t total = ListVector::GetListSize(source);
            ListVector::Reserve(result, total);
            auto& columns = StructVector::GetEntries(ListVector::GetEntry(result));
            Vector& elements = ListVector::GetEntry(source);
            if (is_map) {
              auto& entry = StructVector::GetEntries(elements);
              columns[1]->Reference(*entry[0]);
              columns[2]->Reference(*entry[1]);
            } else {
              columns[1]->Reference(elements);
            }
            auto* positions = FlatVector::GetData<std::int32_t>(*columns[0]);
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              const idx_t at = lists.sel->get_index(row);
              if (!lists.validity.RowIsValid(at)) {
                FlatVector::SetNull(result, row, true);
                continue;
              }
              const auto& list = UnifiedVectorFormat::GetData<list_entry_t>(lists)[at];
              for (idx_t i = 0; i < list.length; ++i) {
                positions[list.offset + i] = static_cast<std::int32_t>(i);
              }
              FlatVector::GetData<list_entry_t>(result)[row] = list;
            }
            ListVector::SetListSize(result, total);
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

/// The order that a comparator's outcomes give: `outcome(a, b)` below zero puts a before b. A merge
/// sort, for a comparator may contradict itself; short runs by insertion, as Java does it.
template <class Outcome>
void SortByOutcome(std::vector<std::int64_t>& order, Outcome outcome) {
  constexpr std::size_t kRun = 32;
  for (std::size_t begin = 0; begin < order.size(); begin += kRun) {
    const std::size_t end = std::min(begin + kRun, order.size());
    for (std::size_t i = begin + 1; i < end; ++i) {
      const std::int64_t pivot = order[i];
      std::size_t low = begin;
      std::size_t high = i;
      while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (outcome(pivot, order[middle]) < 0) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      std::rotate(order.begin() + static_cast<std::ptrdiff_t>(low),
                  order.begin() + static_cast<std::ptrdiff_t>(i),
                  order.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  }
  std::vector<std::int64_t> merged(order.size());
  for (std::size_t width = kRun; width < order.size(); width *= 2) {
    for (std::size_t begin = 0; begin < order.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, order.size());
      const std::size_t end = std::min(begin + 2 * width, order.size());
      std::size_t left = begin;
      std::size_t right = middle;
      for (std::size_t out = begin; out < end; ++out) {
        const bool takes_right =
            left == middle || (right < end && outcome(order[right], order[left]) < 0);
        merged[out] = takes_right ? order[right++] : order[left++];
      }
    }
    order.swap(merged);
  }
}

/// spark_sort_by(elements, outcomes): outcomes[a][b] is the comparator's answer.
Bound BindSortBy(ClientContext&, Arguments& arguments) {
  const LogicalType type = arguments.at(0)->return_type;
  const LogicalType outcomes = LogicalType::LIST(LogicalType::LIST(LogicalType::INTEGER));
  if (type.id() == LogicalTypeId::SQLNULL) return Replace(Constant(duckdb::Value()));
  ElementTypeOf(type, "array_sort");
  if (arguments.at(1)->return_type != outcomes) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", "array_sort"}, {"message", "the comparator must give an INT"}});
  }
  return {.type = type, .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            const Cells tables(chunk.data[1], chunk.size());
            DataChunk lists;
            lists.InitializeEmpty({chunk.data[0].GetType()});
            lists.data[0].Reference(chunk.data[0]);
            lists.SetCardinality(chunk.size());
            ListRows rows(lists, {Kind::kList}, Gives::kList, result, /*with_keys=*/false);
            for (idx_t row = 0; row < rows.num_rows(); ++row) {
              rows.Begin(row);
              if (rows.is_null(0)) {
                rows.SetNull();
                rows.End();
                continue;
              }
              const Cell table = tables[row];
              std::vector<std::int64_t> order;
              for (std::int64_t i = 0; i < rows.size(0); ++i) order.push_back(i);
              SortByOutcome(order, [&table](std::int64_t a, std::int64_t b) {
                const Cell outcome =
                    table.element(static_cast<idx_t>(a)).element(static_cast<idx_t>(b));
                if (outcome.is_null()) {
                  Raise(Condition::INVALID_PARAMETER_VALUE,
                        {{"parameter", "comparator"},
                         {"functionName", "`array_sort`"},
                         {"message", "it gave NULL for two elements"}});
                }
                return outcome.As<std::int32_t>();
              });
              for (const std::int64_t i : order) rows.Emit(rows.at(0, i));
              rows.End();
            }
            rows.Finish();
          }};
}

ExpressionPtr AnyNull(const Arguments& arguments) {
  ExpressionPtr any;
  for (const ExpressionPtr& argument : arguments) {
    auto test = duckdb::make_uniq<duckdb::BoundOperatorExpression>(
        duckdb::ExpressionType::OPERATOR_IS_NULL, LogicalType::BOOLEAN);
    test->children.push_back(argument->Copy());
    if (!any) {
      any = std::move(test);
    } else {
      any = duckdb::make_uniq<duckdb::BoundConjunctionExpression>(
          duckdb::ExpressionType::CONJUNCTION_OR, std::move(any), std::move(test));
    }
  }
  return any;
}

/// arrays_zip(); `by_number` names the fields 0, 1 ... even of columns.
Bound BindArraysZip(ClientContext& context, Arguments& arguments, bool by_number) {
  duckdb::child_list_t<LogicalType> fields;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool is_column = !by_number && arguments[i]->GetExpressionClass() ==
                                             duckdb::ExpressionClass::BOUND_COLUMN_REF;
    fields.emplace_back(
        is_column && arguments[i]->HasAlias() ? arguments[i]->GetAlias() : std::to_string(i),
        ElementTypeOf(arguments[i]->return_type, "arrays_zip"));
  }
  const LogicalType type = LogicalType::LIST(LogicalType::STRUCT(std::move(fields)));
  ExpressionPtr any_null = AnyNull(arguments);
  ExpressionPtr zipped = CastTo(context, Call(context, "list_zip", TakeAll(arguments)), type);
  return Replace(duckdb::make_uniq<duckdb::BoundCaseExpression>(
      std::move(any_null), Constant(duckdb::Value(type)), std::move(zipped)));
}

/// Whether any (or all) of an array of truth values is true; NULL when that hangs on a NULL.
Bound BindQuantifier(ClientContext& context, Arguments& arguments, bool any) {
  arguments.at(0) =
      CastTo(context, std::move(arguments[0]), LogicalType::LIST(LogicalType::BOOLEAN));
  return {.type = LogicalType::BOOLEAN,
          .execute = [any](DataChunk& chunk, ExpressionState&, Vector& result) {
            const Cells lists(chunk.data[0], chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              const Cell list = lists[row];
              bool unknown = list.is_null();
              bool decided = false;
              for (idx_t i = 0; !list.is_null() && i < list.size() && !decided; ++i) {
                const Cell element = list.element(i);
                if (element.is_null()) {
                  unknown = true;
                } else {
                  decided = element.As<bool>() == any;
                }
              }
              if (unknown && !decided) {
                FlatVector::SetNull(result, row, true);
              } else {
                FlatVector::GetData<bool>(result)[row] = decided == any;
              }
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

/// array_join(array, separator[, text for NULL]).
Bound BindArrayJoin(ClientContext& context, Arguments& arguments) {
  arguments.at(0) =
      CastTo(context, std::move(arguments[0]), LogicalType::LIST(LogicalType::VARCHAR));
  for (std::size_t i = 1; i < arguments.size(); ++i)
    CoerceTo(context, arguments[i], LogicalType::VARCHAR, "array_join", i);
  return {.type = LogicalType::VARCHAR,
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<Cells> columns;
            for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            std::string text;
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              bool is_null = false;
              for (const Cells& column : columns) is_null |= column[row].is_null();
              if (is_null) {
                FlatVector::SetNull(result, row, true);
                continue;
              }
              text.clear();
              bool first = true;
              const Cell list = columns[0][row];
              for (idx_t i = 0; i < list.size(); ++i) {
                const Cell element = list.element(i);
                if (element.is_null() && columns.size() < 3) continue;
                if (!first) text += columns[1][row].text();
                first = false;
                text += element.is_null() ? columns[2][row].text() : element.text();
              }
              FlatVector::GetData<duckdb::string_t>(result)[row] =
                  duckdb::StringVector::AddString(result, text);
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

/// value.field: of a STRUCT, or of each STRUCT of an array.
Bound BindField(ClientContext& context, Arguments& arguments) {
  const LogicalType type = arguments.at(0)->return_type;
  if (type.id() != LogicalTypeId::LIST)
    return Replace(Call(context, "struct_extract", TakeAll(arguments)));
  const LogicalType element = duckdb::ListType::GetChildType(type);
  const auto name = ConstantOf(context, *arguments.at(1));
  std::optional<idx_t> found;
  if (element.id() == LogicalTypeId::STRUCT && name) {
    const auto& fields = duckdb::StructType::GetChildTypes(element);
    for (idx_t i = 0; i < fields.size(); ++i) {
      if (duckdb::StringUtil::CIEquals(fields[i].first, name->ToString())) found = i;
    }
  }
  if (!found) {
    Raise(Condition::FIELD_NOT_FOUND, {{"fieldName", name ? name->ToString() : ""},
                                       {"fields", types::ToSql(FromDuckDbType(type))}});
  }
  return {.type = LogicalType::LIST(duckdb::StructType::GetChildType(element, *found)),
          .execute = [field = *found](DataChunk& chunk, ExpressionState&, Vector& result) {
            Vector& list = chunk.data[0];
            list.Flatten(chunk.size());
            const bool constant = chunk.AllConstant();
            const idx_t size = ListVector::GetListSize(list);
            Vector& elements = ListVector::GetEntry(list);
            elements.Flatten(size);
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            FlatVector::SetValidity(result, FlatVector::Validity(list));
            std::copy_n(FlatVector::GetData<list_entry_t>(list), chunk.size(),
                        FlatVector::GetData<list_entry_t>(result));
            ListVector::Reserve(result, size);
            if (size > 0) {
              duckdb::VectorOperations::Copy(*StructVector::GetEntries(elements)[field],
                                             ListVector::GetEntry(result), size, 0, 0);
            }
            ListVector::SetListSize(result, size);
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

[[noreturn]] void RaiseSequence() {
  Raise(Condition::INVALID_PARAMETER_VALUE,
        {{"parameter", "step"},
         {"functionName", "sequence"},
         {"message", "the step does not lead from start to stop"}});
}

/// `next(start, i)` gives the i-th member.
template <class T, class Next>
void FillSequence(Vector& result, idx_t row, T start, T stop, bool up, Next next) {
  const idx_t begin = ListVector::GetListSize(result);
  idx_t size = begin;
  for (std::int64_t i = 0;; ++i) {
    const std::optional<T> value = next(start, i);
    if (!value || (up ? *value > stop : *value < stop)) break;
    if (i >= kMaxMadeElements) {
      Raise(Condition::INLET_RESOURCE_LIMIT, {{"message", "sequence() makes too long an array"},
                                              {"limit", std::to_string(kMaxMadeElements)}});
    }
    ListVector::Reserve(result, size + 1);
    FlatVector::GetData<T>(ListVector::GetEntry(result))[size++] = *value;
  }
  ListVector::SetListSize(result, size);
  FlatVector::GetData<list_entry_t>(result)[row] = {begin, size - begin};
}

template <class T>
Bound IntegerSequence(const LogicalType& type) {
  return {.type = LogicalType::LIST(type),
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<Cells> columns;
            for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              bool is_null = false;
              for (const Cells& column : columns) is_null |= column[row].is_null();
              if (is_null) {
                FlatVector::SetNull(result, row, true);
                continue;
              }
              const T start = columns[0][row].As<T>();
              const T stop = columns[1][row].As<T>();
              const T step =
                  columns.size() > 2 ? columns[2][row].As<T>() : T(start <= stop ? 1 : -1);
              if ((step == 0 && start != stop) || (step > 0 && start > stop) ||
                  (step < 0 && start < stop))
                RaiseSequence();
              FillSequence<T>(result, row, start, stop, step >= 0,
                              [step](T from, std::int64_t i) -> std::optional<T> {
                                const Int128 value = Int128{from} + Int128{step} * i;
                                if ((step == 0 && i > 0) || value != static_cast<T>(value))
                                  return std::nullopt;
                                return static_cast<T>(value);
                              });
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

/// Of DATE or TIMESTAMP by an interval; one day when no step was given.
template <class T>
Bound MomentSequence(const LogicalType& type, const types::TimeZone* zone) {
  return {.type = LogicalType::LIST(type),
          .execute = [zone](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<Cells> columns;
            for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              bool is_null = false;
              for (const Cells& column : columns) is_null |= column[row].is_null();
              if (is_null) {
                FlatVector::SetNull(result, row, true);
                continue;
              }
              const T start = columns[0][row].As<T>();
              const T stop = columns[1][row].As<T>();
              duckdb::interval_t step{0, start <= stop ? 1 : -1, 0};
              if (columns.size() > 2) step = columns[2][row].As<duckdb::interval_t>();
              const bool up = step.months > 0 || step.days > 0 || step.micros > 0;
              const bool down = step.months < 0 || step.days < 0 || step.micros < 0;
              if (up == down || (up && start > stop) || (down && start < stop)) RaiseSequence();
              FillSequence<T>(
                  result, row, start, stop, up, [&](T from, std::int64_t i) -> std::optional<T> {
                    const duckdb::interval_t total{static_cast<std::int32_t>(step.months * i),
                                                   static_cast<std::int32_t>(step.days * i),
                                                   step.micros * i};
                    if constexpr (sizeof(T) == 4) {
                      return AddMonths(from, total.months) + total.days +
                             static_cast<std::int32_t>(FloorDivide(total.micros, kMicrosPerDay));
                    } else {
                      return AddToInstant(from, total, *zone);
                    }
                  });
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

Bound BindSequence(ClientContext& context, Arguments& arguments) {
  const LogicalType type = CommonTypeOf(std::span(arguments).first(2));
  arguments[0] = CastTo(context, std::move(arguments[0]), type);
  arguments[1] = CastTo(context, std::move(arguments[1]), type);
  if (arguments.size() > 2 && type.IsIntegral())
    arguments[2] = CastTo(context, std::move(arguments[2]), type);
  switch (type.id()) {
    case LogicalTypeId::TINYINT:
      return IntegerSequence<std::int8_t>(type);
    case LogicalTypeId::SMALLINT:
      return IntegerSequence<std::int16_t>(type);
    case LogicalTypeId::INTEGER:
      return IntegerSequence<std::int32_t>(type);
    case LogicalTypeId::BIGINT:
      return IntegerSequence<std::int64_t>(type);
    case LogicalTypeId::DATE:
      return MomentSequence<std::int32_t>(type, nullptr);
    case LogicalTypeId::TIMESTAMP:
      return MomentSequence<std::int64_t>(type, &types::TimeZone::Utc());
    case LogicalTypeId::TIMESTAMP_TZ:
      return MomentSequence<std::int64_t>(type, &ZoneOf(SessionOf(context)));
    default:
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "sequence"},
             {"message", "the ends are no whole numbers, dates or timestamps"}});
  }
}

}  // namespace

void AddCollectionFunctions(Registry& registry) {
  for (const ListFunction& function : ListFunctions()) {
    registry.AddBound(function.name, [function](ClientContext& context, Arguments& arguments) {
      return BindListFunction(context, arguments, function);
    });
  }
  registry.AddBound("spark_array", [](ClientContext& context, Arguments& arguments) {
    return Replace(ListOf(context, TakeAll(arguments)));
  });
  for (const auto& [name, list] : {std::pair{"spark_subscript", "spark_subscript_list"},
                                   {"spark_element_at", "spark_element_at_list"},
                                   {"spark_try_element_at", "spark_try_element_at_list"}}) {
    registry.AddBound(name,
                      [list = std::string(list)](ClientContext& context, Arguments& arguments) {
                        return BindElement(context, arguments, list);
                      });
  }
  registry.AddBound("spark_reverse", [](ClientContext& context, Arguments& arguments) {
    const LogicalTypeId id = arguments.at(0)->return_type.id();
    return Replace(Call(context,
                        id == LogicalTypeId::LIST   ? "spark_reverse_list"
                        : id == LogicalTypeId::BLOB ? "spark_reverse_bytes"
                                                    : "spark_reverse_text",
                        TakeAll(arguments)));
  });
  registry.AddBound("spark_size", BindSize);
  registry.AddBound("spark_flatten", BindFlatten);
  registry.AddBound("spark_exploded", BindExploded);
  registry.AddBound("spark_exploded_at", BindExplodedAt);
  registry.AddBound("spark_sort_by", BindSortBy);
  registry.AddBound("spark_null_of", [](ClientContext&, Arguments& arguments) {
    return Replace(Constant(duckdb::Value(arguments.at(0)->return_type)));
  });
  registry.AddBound("spark_fold_step", [](ClientContext& context, Arguments& arguments) {
    const LogicalType state = arguments.at(1)->return_type;
    const LogicalType& step = arguments.at(0)->return_type;
    const bool fits = step == state || step.id() == LogicalTypeId::SQLNULL ||
                      FromDuckDbType(step) == FromDuckDbType(state) ||
                      CommonTypeOf(step, state) == state;
    if (!fits) {
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "aggregate"},
             {"message", "the function gives " + types::ToSql(FromDuckDbType(step)) +
                             " where the start is " + types::ToSql(FromDuckDbType(state))}});
    }
    return Replace(CastTo(context, Take(arguments[0]), state));
  });
  registry.AddBound("spark_arrays_zip", [](ClientContext& context, Arguments& arguments) {
    return BindArraysZip(context, arguments, false);
  });
  registry.AddBound("spark_zip", [](ClientContext& context, Arguments& arguments) {
    return BindArraysZip(context, arguments, true);
  });
  registry.AddBound("spark_any_true", [](ClientContext& context, Arguments& arguments) {
    return BindQuantifier(context, arguments, true);
  });
  registry.AddBound("spark_all_true", [](ClientContext& context, Arguments& arguments) {
    return BindQuantifier(context, arguments, false);
  });
  registry.AddBound("spark_array_join", BindArrayJoin);
  registry.AddBound("spark_field", BindField);
  registry.AddBound("spark_sequence", BindSequence);
  AddMapFunctions(registry);
}

}  // namespace inlet::engine::functions
