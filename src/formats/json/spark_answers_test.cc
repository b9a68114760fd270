#include <arrow/api.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "base/testing.h"
#include "formats/format.h"
#include "storage/memory/memory_store.h"
#include "types/text_cast.h"
#include "types/variant.h"

// Reads the files of test/spark/json_xml as Apache Spark has read them: answers.jsonl holds what it
// said, so that no JVM is needed here. record.py there writes it anew.

namespace inlet::formats {
namespace {

using Row = std::vector<std::optional<std::string>>;

struct Answer {
  std::string name;
  std::string format;
  std::string content;
  OptionMap options;
  std::optional<std::string> schema;
  std::string differs;
  std::optional<std::vector<std::string>> types;  ///< "name type"; none for an error.
  std::vector<Row> rows;
};

/// `schema` as the engine would pass it: the corrupt-record column plays its part.
ReadSchema SchemaOf(types::StructType columns, const OptionMap& options) {
  ReadSchema schema;
  schema.columns = std::move(columns);
  schema.data_schema = schema.columns;
  schema.corrupt_record_column = schema.columns.IndexOf(
      GetString(options, "columnNameOfCorruptRecord").value_or("_corrupt_record"));
  return schema;
}

std::string TextOf(const arrow::Array& array, std::int64_t row, const types::DataType& type) {
  std::string text;
  if (type.is(types::TypeId::kVariant)) {
    const auto& parts = static_cast<const arrow::StructArray&>(array);
    EXPECT_THAT(
        types::AppendJson(
            {.metadata = static_cast<const arrow::BinaryArray&>(*parts.field(0)).GetView(row),
             .value = static_cast<const arrow::BinaryArray&>(*parts.field(1)).GetView(row)},
            types::TimeZone::Utc(), text),
        IsOk());
  } else {
    EXPECT_THAT(types::AppendCell(array, row, type, types::TimeZone::Utc(), text), IsOk());
  }
  return text;
}

class SparkAnswers : public ::testing::Test {
 protected:
  /// What our reader makes of the case, in the same form.
  Result<Answer> Read(const Answer& spark) {
    const storage::ObjectInfo file =
        Value(store_.Store("d/f." + spark.format, spark.content, storage::PutMode::kOverwrite));
    const auto format = TRY(FindFormat(spark.format)->Configure(spark.options, !spark.schema));
    types::StructType columns;
    if (spark.schema) {
      columns = Value(types::ParseDdl(*spark.schema));
    } else {
      columns =
          TRY(format->InferSchema(store_, {&file, 1}, {.add_corrupt_record_column = true}, {}));
    }
    const auto reader = TRY(format->Open(store_, {.file = file}, SchemaOf(columns, spark.options)));
    Answer ours;
    ours.types.emplace();
    for (const types::StructField& field : columns.fields) {
      ours.types->push_back(field.name + " " + ToString(field.type));
    }
    while (types::BatchPtr batch = TRY(reader->Next())) {
      EXPECT_TRUE(batch->ValidateFull().ok()) << batch->ValidateFull().ToString();
      for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
        Row row;
        for (int c = 0; c < batch->num_columns(); ++c) {
          const arrow::Array& column = *batch->column(c);
          const types::DataType& type = columns.fields[static_cast<std::size_t>(c)].type;
          row.push_back(column.IsNull(i) ? std::nullopt : std::optional(TextOf(column, i, type)));
        }
        ours.rows.push_back(std::move(row));
      }
    }
    return ours;
  }

  static std::string Describe(const Answer& answer) {
    std::ostringstream out;
    for (const std::string& type : *answer.types) out << type << "; ";
    for (const Row& row : answer.rows) {
      out << "\n  ";
      for (const auto& cell : row)
        out << (cell ? "'" + cell->substr(0, 300) + "'" : "NULL") << ", ";
    }
    return out.str();
  }

  storage::MemoryStore store_{"spark"};
};

/// The cases, read with our own reader; that it reads them right is what the cases show.
std::vector<Answer> LoadAnswers() {
  std::ifstream in(std::string(INLET_SOURCE_DIR) + "/test/spark/json_xml/answers.jsonl");
  std::stringstream text;
  text << in.rdbuf();
  storage::MemoryStore store("answers");
  const storage::ObjectInfo file =
      Value(store.Store("answers.jsonl", text.str(), storage::PutMode::kOverwrite));
  ReadSchema schema;
  schema.columns = Value(types::ParseDdl(
      "name STRING, format STRING, content BINARY, options MAP<STRING, STRING>, schema STRING, "
      "differs STRING, types ARRAY<ARRAY<STRING>>, rows ARRAY<ARRAY<STRING>>, error STRING"));
  schema.data_schema = schema.columns;
  const auto format = Value(FindFormat("json")->Configure({}, false));
  const auto reader = Value(format->Open(store, {.file = file}, schema));
  std::vector<Answer> answers;
  while (types::BatchPtr batch = Value(reader->Next())) {
    const auto text_at = [&](int column, std::int64_t row) {
      return static_cast<const arrow::BinaryArray&>(*batch->column(column)).GetString(row);
    };
    const auto strings_at = [](const arrow::ListArray& list, std::int64_t row) {
      Row strings;
      const auto& values = static_cast<const arrow::StringArray&>(*list.values());
      for (auto i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
        strings.push_back(values.IsNull(i) ? std::nullopt : std::optional(values.GetString(i)));
      }
      return strings;
    };
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      Answer answer{.name = text_at(0, row), .format = text_at(1, row), .content = text_at(2, row)};
      const auto& options = static_cast<const arrow::MapArray&>(*batch->column(3));
      for (auto i = options.value_offset(row); i < options.value_offset(row + 1); ++i) {
        answer.options.emplace(
            static_cast<const arrow::StringArray&>(*options.keys()).GetString(i),
            static_cast<const arrow::StringArray&>(*options.items()).GetString(i));
      }
      if (batch->column(4)->IsValid(row)) answer.schema = text_at(4, row);
      answer.differs = text_at(5, row);
      if (batch->column(8)->IsNull(row)) {
        answer.types.emplace();
        const auto& types = static_cast<const arrow::ListArray&>(*batch->column(6));
        const auto& inner_types = static_cast<const arrow::ListArray&>(*types.values());
        for (auto i = types.value_offset(row); i < types.value_offset(row + 1); ++i) {
          const Row pair = strings_at(inner_types, i);
          answer.types->push_back(*pair[0] + " " + *pair[1]);
        }
        const auto& rows = static_cast<const arrow::ListArray&>(*batch->column(7));
        const auto& inner_rows = static_cast<const arrow::ListArray&>(*rows.values());
        for (auto i = rows.value_offset(row); i < rows.value_offset(row + 1); ++i) {
          answer.rows.push_back(strings_at(inner_rows, i));
        }
      }
      answers.push_back(std::move(answer));
    }
  }
  return answers;
}

TEST_F(SparkAnswers, AreOurs) {
  const std::vector<Answer> answers = LoadAnswers();
  ASSERT_GT(answers.size(), 120U);
  for (const Answer& spark : answers) {
    const Result<Answer> ours = Read(spark);
    const bool same = ours.has_value() == spark.types.has_value() &&
                      (!ours || (ours->types == spark.types && ours->rows == spark.rows));
    if (spark.differs.empty()) {
      EXPECT_TRUE(same) << spark.name << "\nSpark: " << (spark.types ? Describe(spark) : "an error")
                        << "\nours: " << (ours ? Describe(*ours) : ToString(ours.error()));
    } else {
      EXPECT_FALSE(same) << spark.name << " is said to differ: " << spark.differs;
    }
  }
}

}  // namespace
}  // namespace inlet::formats
