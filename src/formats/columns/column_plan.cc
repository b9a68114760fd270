#include "formats/columns/column_plan.h"

#include <arrow/type.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/option_map.h"
#include "types/arrow.h"

namespace inlet::formats {
namespace {

using types::DataType;
using types::StructField;
using types::TypeId;

std::optional<int> RequestedId(const StructField& field) {
  const auto found = field.metadata.find("delta.columnMapping.id");
  if (found == field.metadata.end()) return std::nullopt;
  const std::string& text = found->second;
  int id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc()) return std::nullopt;
  return id;
}

class Planner {
 public:
  Planner(const ColumnMatching& matching, const std::string& path, int num_leaves)
      : matching_(matching), path_(path), wanted_(static_cast<std::size_t>(num_leaves)) {}

  Result<ReadPlan> Plan(const std::vector<FileColumn>& columns, const types::StructType& requested,
                        bool whole_columns) {
    ReadPlan plan;
    std::vector<bool> used(columns.size());
    RescuePlan rescue_root{.whole = false};
    plan.columns = TRY(PlanFields(columns, requested.fields, used, rescue_root));
    if (matching_.rescue) RescueUnknown(columns, used, rescue_root);
    for (const FileColumn& column : columns) {
      if (whole_columns && IsWanted(column)) Want(column);
    }
    Number(columns, plan.columns, rescue_root.children);
    plan.rescued = std::move(rescue_root.children);
    for (std::size_t leaf = 0; leaf < wanted_.size(); ++leaf) {
      if (wanted_[leaf]) plan.leaves.push_back(static_cast<int>(leaf));
    }
    return plan;
  }

 private:
  /// Top-level columns that no one knows are rescued as a whole.
  void RescueUnknown(const std::vector<FileColumn>& columns, const std::vector<bool>& used,
                     RescuePlan& rescue) {
    const auto& known = matching_.rescue->known_columns.fields;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (used[i]) continue;
      const bool is_known = std::ranges::any_of(known, [&](const StructField& field) {
        return matching_.fields == FieldMatching::kByNameIgnoreCase
                   ? EqualsIgnoreCase(field.name, columns[i].name)
                   : field.name == columns[i].name;
      });
      if (!is_known) RescueWhole(columns[i], rescue);
    }
  }

  void RescueWhole(const FileColumn& column, RescuePlan& parent) {
    Want(column);
    parent.children.push_back({.source = &column, .whole = true});
  }

  void Want(const FileColumn& column) {
    for (int leaf = column.first_leaf; leaf < column.end_leaf; ++leaf) {
      wanted_[static_cast<std::size_t>(leaf)] = true;
    }
  }

  bool IsWanted(const FileColumn& column) const {
    return std::any_of(wanted_.begin() + column.first_leaf, wanted_.begin() + column.end_leaf,
                       [](bool wanted) { return wanted; });
  }

  /// Fields of a struct or of the file. `used` is told which of `columns` were taken.
  Result<std::vector<ColumnPlan>> PlanFields(const std::vector<FileColumn>& columns,
                                             const std::vector<StructField>& requested,
                                             std::vector<bool>& used, RescuePlan& rescue) {
    std::vector<ColumnPlan> plans;
    plans.reserve(requested.size());
    for (const StructField& field : requested) {
      const FileColumn* source = TRY(Match(columns, field));
      if (source == nullptr) {
        plans.push_back(NullOf(field.type));
        continue;
      }
      used[static_cast<std::size_t>(source - columns.data())] = true;
      plans.push_back(TRY(PlanColumn(*source, field.type, rescue)));
    }
    return plans;
  }

  Result<const FileColumn*> Match(const std::vector<FileColumn>& columns,
                                  const StructField& field) const {
    if (matching_.fields == FieldMatching::kByFieldId) {
      if (const std::optional<int> id = RequestedId(field)) {
        const auto found = std::ranges::find(columns, id, &FileColumn::field_id);
        return found == columns.end() ? nullptr : &*found;
      }
    }
    const FileColumn* found = nullptr;
    for (const FileColumn& column : columns) {
      if (column.name != field.name) continue;
      if (found != nullptr) return Ambiguous(field.name);
      found = &column;
    }
    if (found != nullptr || matching_.fields != FieldMatching::kByNameIgnoreCase) return found;
    for (const FileColumn& column : columns) {
      if (!EqualsIgnoreCase(column.name, field.name)) continue;
      if (found != nullptr) return Ambiguous(field.name);
      found = &column;
    }
    return found;
  }

  std::unexpected<Error> Ambiguous(const std::string& name) const {
    std::unexpected<Error> error = Fail(Condition::COLUMN_ALREADY_EXISTS, {{"columnName", name}});
    error.error().context = "read " + path_;
    return error;
  }

  static ColumnPlan NullOf(const DataType& type) {
    return {.step = ColumnPlan::Step::kNull, .target = type, .arrow_type = types::ToArrow(type)};
  }

  /// A column that fits, or NULL and an entry of `rescue`, or an error.
  Result<ColumnPlan> PlanColumn(const FileColumn& source, const DataType& target,
                                RescuePlan& rescue) {
    ColumnPlan plan{.target = target, .arrow_type = types::ToArrow(target), .source = &source};
    if (target.is(TypeId::kVoid)) return NullOf(target);
    if (target.is(TypeId::kStruct) && source.type.is(TypeId::kStruct)) {
      return PlanStruct(std::move(plan), rescue);
    }
    const std::vector<bool> wanted_before = wanted_;
    Result<ColumnPlan> nested = PlanWhole(std::move(plan));
    if (nested || !matching_.rescue ||
        nested.error().condition != Condition::FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH) {
      return nested;
    }
    wanted_ = wanted_before;
    RescueWhole(source, rescue);
    return NullOf(target);
  }

  Result<ColumnPlan> PlanStruct(ColumnPlan plan, RescuePlan& rescue) {
    const FileColumn& source = *plan.source;
    plan.step = ColumnPlan::Step::kStruct;
    std::vector<bool> used(source.children.size());
    RescuePlan inner{.source = &source};
    plan.children = TRY(PlanFields(source.children, plan.target.fields(), used, inner));
    if (matching_.rescue) {
      for (std::size_t i = 0; i < source.children.size(); ++i) {
        if (!used[i]) RescueWhole(source.children[i], inner);
      }
      if (!inner.children.empty()) rescue.children.push_back(std::move(inner));
    }
    // Of a struct without any wanted field, one leaf tells where it is NULL.
    if (!IsWanted(source) && source.first_leaf < source.end_leaf) {
      wanted_[static_cast<std::size_t>(source.first_leaf)] = true;
    }
    return plan;
  }

  /// What fits as a whole or not at all: leaves, and everything inside of arrays and maps.
  Result<ColumnPlan> PlanWhole(ColumnPlan plan) {
    const FileColumn& source = *plan.source;
    const DataType& target = plan.target;
    if (source.illegal) return Mismatch(source, target);
    switch (target.id()) {
      case TypeId::kVariant:
        return PlanVariant(std::move(plan));
      case TypeId::kArray:
        if (!source.type.is(TypeId::kArray)) return Mismatch(source, target);
        plan.step = ColumnPlan::Step::kList;
        plan.children.push_back(TRY(PlanInner(source.children[0], target.element())));
        return plan;
      case TypeId::kMap:
        if (!source.type.is(TypeId::kMap)) return Mismatch(source, target);
        plan.step = ColumnPlan::Step::kMap;
        plan.children.push_back(TRY(PlanInner(source.children[0], target.key())));
        plan.children.push_back(TRY(PlanInner(source.children[1], target.value())));
        return plan;
      case TypeId::kStruct:
        return Mismatch(source, target);
      default:
        if (!CanRead(source, target)) return Mismatch(source, target);
        plan.step = ColumnPlan::Step::kLeaf;
        Want(source);
        return plan;
    }
  }

  Result<ColumnPlan> PlanInner(const FileColumn& source, const DataType& target) {
    ColumnPlan plan{.target = target, .arrow_type = types::ToArrow(target), .source = &source};
    Want(source);  // The element tells the lengths, also where its fields are not wanted.
    if (target.is(TypeId::kVoid)) return NullOf(target);
    if (!target.is(TypeId::kStruct)) return PlanWhole(std::move(plan));
    if (!source.type.is(TypeId::kStruct)) return Mismatch(source, target);
    plan.step = ColumnPlan::Step::kStruct;
    for (const StructField& field : target.fields()) {
      const FileColumn* child = TRY(Match(source.children, field));
      plan.children.push_back(child == nullptr ? NullOf(field.type)
                                               : TRY(PlanInner(*child, field.type)));
    }
    return plan;
  }

  Result<ColumnPlan> PlanVariant(ColumnPlan plan) {
    const FileColumn& source = *plan.source;
    if (!source.is_group) return Mismatch(source, plan.target);
    const auto child = [&](std::string_view name) {
      const auto found = std::ranges::find(source.children, name, &FileColumn::name);
      return found == source.children.end() ? nullptr : &*found;
    };
    if (child("typed_value") != nullptr) {
      plan.step = ColumnPlan::Step::kShreddedVariant;
      Want(source);
      return plan;
    }
    plan.step = ColumnPlan::Step::kVariant;
    for (const std::string_view name : {"metadata", "value"}) {
      const FileColumn* part = child(name);
      if (part == nullptr || !part->type.is(TypeId::kBinary)) return Mismatch(source, plan.target);
      Want(*part);
      plan.children.push_back({.step = ColumnPlan::Step::kLeaf,
                               .target = TypeId::kBinary,
                               .arrow_type = arrow::binary(),
                               .source = part});
    }
    return plan;
  }

  std::unexpected<Error> Mismatch(const FileColumn& source, const DataType& target) const {
    return Fail(Condition::FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH,
                {{"path", path_},
                 {"column", source.name},
                 {"actualType", source.children.empty() ? source.physical : ToString(source.type)},
                 {"expectedType", ToString(target)}});
  }

  /// Now that the wanted leaves are known, so is which child of an array is which column.
  void Number(const std::vector<FileColumn>& columns, std::vector<ColumnPlan>& plans,
              std::vector<RescuePlan>& rescued) const {
    std::vector<int> index_of(columns.size(), -1);
    int next = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (IsWanted(columns[i])) index_of[i] = next++;
    }
    const auto index = [&](const FileColumn* column) {
      return index_of[static_cast<std::size_t>(column - columns.data())];
    };
    for (ColumnPlan& plan : plans) {
      if (plan.source == nullptr) continue;
      plan.array_index = index(plan.source);
      NumberBelow(plan);
    }
    for (RescuePlan& plan : rescued) {
      plan.array_index = index(plan.source);
      std::vector<ColumnPlan> none;
      Number(plan.source->children, none, plan.children);
    }
  }

  void NumberBelow(ColumnPlan& plan) const {
    using Step = ColumnPlan::Step;
    std::vector<RescuePlan> none;
    if (plan.step == Step::kStruct || plan.step == Step::kVariant) {
      Number(plan.source->children, plan.children, none);
    } else {
      for (ColumnPlan& child : plan.children) NumberBelow(child);
    }
  }

  const ColumnMatching& matching_;
  const std::string& path_;
  std::vector<bool> wanted_;
};

}  // namespace

Result<ReadPlan> PlanColumns(const std::vector<FileColumn>& columns,
                             const types::StructType& requested, const ColumnMatching& matching,
                             const std::string& path, bool whole_columns) {
  return Planner(matching, path, columns.empty() ? 0 : columns.back().end_leaf)
      .Plan(columns, requested, whole_columns);
}

}  // namespace inlet::formats
