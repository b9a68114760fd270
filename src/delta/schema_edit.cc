#include "delta/schema_edit.h"

#include <algorithm>
#include <span>

#include "base/option_map.h"

namespace inlet::delta {
namespace {

using types::DataType;
using types::StructField;
using types::StructType;
using types::TypeId;
using Fields = std::vector<StructField>;
using Parts = std::span<const std::string>;

std::unexpected<Error> Missing(const FieldPath& path, const Fields& fields) {
  std::string names;
  for (const StructField& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return Fail(Condition::DELTA_MISSING_COLUMN,
              {{"columnName", ToText(path)}, {"columnList", names}});
}

Fields::iterator Find(Fields& fields, std::string_view name) {
  return std::ranges::find_if(
      fields, [&](const StructField& field) { return EqualsIgnoreCase(field.name, name); });
}

DataType WithFields(const DataType& type, Fields fields) {
  switch (type.id()) {
    case TypeId::kArray:
      return DataType::Array(std::move(fields[0].type), fields[0].nullable);
    case TypeId::kMap:
      return DataType::Map(std::move(fields[0].type), std::move(fields[1].type),
                           fields[1].nullable);
    default:
      return DataType::Struct(std::move(fields));
  }
}

/// Calls `edit` with the fields that hold the last part of `path`, and with the type that they are
/// of; null for the columns of the table.
using Edit = std::function<Status(Fields& siblings, const DataType* parent)>;

Status EditSiblings(Fields& fields, const DataType* parent, Parts rest, const FieldPath& path,
                    const Edit& edit) {
  if (rest.size() == 1) return edit(fields, parent);
  const auto field = Find(fields, rest[0]);
  if (field == fields.end()) return Missing(path, fields);
  if (!field->type.is_nested()) {
    return Fail(Condition::DELTA_ADD_COLUMN_PARENT_NOT_STRUCT,
                {{"columnName", ToText(path)}, {"other", types::ToSql(field->type)}});
  }
  Fields children = field->type.fields();
  TRY(EditSiblings(children, &field->type, rest.subspan(1), path, edit));
  field->type = WithFields(field->type, std::move(children));
  return Ok();
}

Result<StructType> Edited(StructType schema, const FieldPath& path, const Edit& edit) {
  TRY(EditSiblings(schema.fields, nullptr, path, path, edit));
  return schema;
}

Status Insert(Fields& siblings, StructField field, const std::optional<FieldPosition>& position) {
  auto place = siblings.end();
  if (position && position->after.empty()) place = siblings.begin();
  if (position && !position->after.empty()) {
    place = Find(siblings, position->after);
    if (place == siblings.end()) return Missing({position->after}, siblings);
    ++place;
  }
  siblings.insert(place, std::move(field));
  return Ok();
}

bool IsStruct(const DataType* parent) { return parent == nullptr || parent->is(TypeId::kStruct); }

}  // namespace

Result<StructType> AddField(StructType schema, const FieldPath& path, StructField field,
                            const std::optional<FieldPosition>& position) {
  return Edited(std::move(schema), path, [&](Fields& siblings, const DataType* parent) -> Status {
    if (!IsStruct(parent)) {
      return Fail(Condition::DELTA_ADD_COLUMN_PARENT_NOT_STRUCT,
                  {{"columnName", ToText(path)}, {"other", types::ToSql(*parent)}});
    }
    if (Find(siblings, path.back()) != siblings.end()) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS,
                  {{"columnName", types::QuoteIdentifier(ToText(path))}});
    }
    return Insert(siblings, field, position);
  });
}

Result<StructType> DropField(StructType schema, const FieldPath& path) {
  return Edited(std::move(schema), path, [&](Fields& siblings, const DataType* parent) -> Status {
    const auto field = Find(siblings, path.back());
    if (field == siblings.end() || !IsStruct(parent)) return Missing(path, siblings);
    siblings.erase(field);
    return Ok();
  });
}

Result<StructType> MoveField(StructType schema, const FieldPath& path,
                             const FieldPosition& position) {
  return Edited(std::move(schema), path, [&](Fields& siblings, const DataType* parent) -> Status {
    const auto field = Find(siblings, path.back());
    if (field == siblings.end() || !IsStruct(parent)) return Missing(path, siblings);
    StructField moved = std::move(*field);
    siblings.erase(field);
    return Insert(siblings, std::move(moved), position);
  });
}

Result<StructType> ChangeField(StructType schema, const FieldPath& path,
                               const std::function<Status(StructField&)>& change) {
  return Edited(std::move(schema), path, [&](Fields& siblings, const DataType*) -> Status {
    const auto field = Find(siblings, path.back());
    if (field == siblings.end()) return Missing(path, siblings);
    return change(*field);
  });
}

const StructField* FindField(const StructType& schema, const FieldPath& path) {
  const std::vector<StructField>* fields = &schema.fields;
  const StructField* found = nullptr;
  for (const std::string& part : path) {
    const auto field = std::ranges::find_if(
        *fields, [&](const StructField& one) { return EqualsIgnoreCase(one.name, part); });
    if (field == fields->end()) return nullptr;
    found = &*field;
    fields = &found->type.fields();
  }
  return found;
}

std::string ToText(const FieldPath& path) {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "" : ".") + part;
  return text;
}

}  // namespace inlet::delta
