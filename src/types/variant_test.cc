#include "types/variant.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <random>

#include "base/testing.h"
#include "types/arrow.h"
#include "types/text_cast.h"

namespace inlet::types {
namespace {

using namespace std::string_view_literals;

std::string Json(VariantView variant) {
  std::string text;
  EXPECT_THAT(AppendJson(variant, TimeZone::Utc(), text), IsOk());
  return text;
}

std::string RoundTrip(std::string_view json) { return Json(Value(ParseJson(json))); }

TEST(Variant, HasTheBytesThatSparkMakes) {
  const Variant variant = Value(ParseJson(R"({"b":1,"a":[1,2.50,"x",null]})"));
  EXPECT_EQ(variant.metadata,
            "\x01\x02\x00\x01\x02"
            "ba"sv);
  EXPECT_EQ(
      variant.value,
      "\x02\x02\x01\x00\x02\x00\x14\x0c\x01\x03\x04\x00\x02\x08\n\x0b\x0c\x01 \x02\xfa\x00\x00\x00\x05x\x00"sv);
  EXPECT_EQ(Value(ParseJson("null")).metadata, "\x01\x00\x00"sv);
}

TEST(Variant, PrintsAsSparkDoes) {
  EXPECT_EQ(
      RoundTrip(
          R"({"b":1,"a":[1,2.50,1e3,"x",null,true,123456789012,99999999999999999999,1.23456789012345678901234567890123456789012]})"),
      R"({"a":[1,2.5,1000.0,"x",null,true,123456789012,99999999999999999999,1.2345678901234567],"b":1})");
}

TEST(Variant, RefusesBrokenTextAndTheSameKeyTwice) {
  for (const char* json : {"", "{bad", "[1,2", "NaN", "{\"a\":1,\"a\":2}", "{'a':1}"}) {
    EXPECT_THAT(ParseJson(json),
                FailsWith(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION))
        << json;
  }
  EXPECT_EQ(RoundTrip(R"({"a":1} x)"), R"({"a":1})");
}

TEST(Variant, NestsAsDeepAsJsonMay) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(RoundTrip(nested(1000)), nested(1000));
  EXPECT_THAT(ParseJson(nested(1001)),
              FailsWith(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION));
}

TEST(Variant, HoldsManyFieldsAndFindsThem) {
  std::string json = "{";
  for (int i = 0; i < 1000; ++i)
    json += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":" + std::to_string(i);
  const Variant variant = Value(ParseJson(json + "}"));
  const VariantNode root = Value(VariantNode::Root(variant));
  EXPECT_EQ(root.size(), 1000);
  EXPECT_EQ(Value(root.Find("k777"))->integer(), 777);
  EXPECT_FALSE(Value(root.Find("k1000")).has_value());
}

TEST(VariantPath, LeadsIntoObjectsAndArrays) {
  const Variant variant = Value(ParseJson(R"({"a":[{"b c":1}],"d":2})"));
  const auto find = [&](std::string_view path) -> std::string {
    const auto node = Value(Find(variant, Value(VariantPath::Parse(path))));
    return node ? Json(node->view()) : "nothing";
  };
  EXPECT_EQ(find("$"), R"({"a":[{"b c":1}],"d":2})");
  EXPECT_EQ(find("$.a[0][\"b c\"]"), "1");
  EXPECT_EQ(find("$['d']"), "2");
  EXPECT_EQ(find("$.d.e"), "nothing");
  EXPECT_EQ(find("$.a[1]"), "nothing");
  for (const char* path : {"", "a", "$.", "$a", "$[", "$[x]", "$['a", "$[-1]", "$.a..b"}) {
    EXPECT_THAT(VariantPath::Parse(path), FailsWith(Condition::INVALID_VARIANT_GET_PATH)) << path;
  }
}

std::string Cast(std::string_view json, const DataType& type, bool* fits = nullptr) {
  ColumnBuilder column(type);
  const bool all_fit = Value(CastTo(Value(ParseJson(json)), TimeZone::Utc(), column));
  if (fits != nullptr) *fits = all_fit;
  const auto array = Value(column.Finish());
  EXPECT_TRUE(array->ValidateFull().ok());
  std::string text;
  if (array->IsNull(0)) return "NULL";
  EXPECT_THAT(AppendCell(*array, 0, type, TimeZone::Utc(), text), IsOk());
  return text;
}

TEST(VariantCast, FollowsTheRulesOfSpark) {
  EXPECT_EQ(Cast("\"7\"", TypeId::kInteger), "7");
  EXPECT_EQ(Cast("1.9", TypeId::kInteger), "1");
  EXPECT_EQ(Cast("1", TypeId::kBoolean), "true");
  EXPECT_EQ(Cast("1.255", DataType::Decimal(4, 2)), "1.26");
  EXPECT_EQ(Cast("123", TypeId::kTimestamp), "1970-01-01 00:02:03");
  EXPECT_EQ(Cast("\"2024-01-05\"", TypeId::kDate), "2024-01-05");
  EXPECT_EQ(Cast("{\"a\":1}", TypeId::kString), "{\"a\":1}");
  EXPECT_EQ(Cast("\"s\"", TypeId::kString), "s");
  EXPECT_EQ(Cast("1.50", TypeId::kString), "1.5");
  EXPECT_EQ(Cast("1e3", TypeId::kString), "1000.0");
  EXPECT_EQ(Cast("null", TypeId::kString), "NULL");
  EXPECT_EQ(Cast(R"({"a":1,"b":{"c":2}})", Value(ParseType("struct<b:map<string,int>,z:int>"))),
            "{{c -> 2}, null}");
}

TEST(VariantCast, SaysWhatDoesNotFit) {
  bool fits = true;
  EXPECT_EQ(Cast("[1,\"x\"]", DataType::Array(TypeId::kInteger), &fits), "[1, null]");
  EXPECT_FALSE(fits);
  EXPECT_EQ(Cast("300", TypeId::kByte, &fits), "NULL");
  EXPECT_FALSE(fits);
  EXPECT_EQ(Cast("{}", TypeId::kInteger, &fits), "NULL");
  EXPECT_FALSE(fits);
}

TEST(VariantSchema, NamesTypesAsSparkDoes) {
  EXPECT_EQ(
      Value(SchemaOfVariant(Value(ParseJson(
          R"({"a":1,"b":1.50,"c":true,"d":null,"e":"x","f":[1,2.5],"g":[1,"x"],"h":[],"i":{},"j k":1e3,"l":[{"a":1},{"b":2}]})")))),
      "OBJECT<a: BIGINT, b: DECIMAL(2,1), c: BOOLEAN, d: VOID, e: STRING, f: ARRAY<DECIMAL(21,1)>, "
      "g: ARRAY<VARIANT>, h: ARRAY<VOID>, i: OBJECT<>, `j k`: DOUBLE, "
      "l: ARRAY<OBJECT<a: BIGINT, b: BIGINT>>>");
}

TEST(Variant, NeverReadsOutsideOfDamagedBytes) {
  const Variant sound = Value(ParseJson(
      R"({"a":[1,2.5,"text that is longer than sixty-four bytes, so that it has a length of its own"],"b":{"c":null}})"));
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    Variant damaged = sound;
    for (int i = 0; i < 3; ++i) {
      std::string& part = random() % 3 == 0 ? damaged.metadata : damaged.value;
      if (random() % 8 == 0) {
        part.resize(random() % (part.size() + 1));
      } else if (!part.empty()) {
        part[random() % part.size()] = static_cast<char>(random());
      }
    }
    std::string text;
    const Status status = AppendJson(damaged, TimeZone::Utc(), text);
    if (!status) {
      EXPECT_EQ(status.error().condition, Condition::MALFORMED_VARIANT);
    }
    (void)SchemaOfVariant(damaged);
    VariantBuilder builder;
    (void)builder.Append(damaged);
  }
}

TEST(Variant, RefusesValuesThatShareTheirBytes) {
  // Arrays of 200 elements that are all the same array of 200 elements, and so on.
  std::string value(1, '\0');
  for (int depth = 0; depth < 20; ++depth) {
    std::string outer = {static_cast<char>(3 | 1 << 2), static_cast<char>(200)};
    for (int i = 0; i < 200; ++i) outer.append(2, '\0');
    outer += static_cast<char>(value.size());
    outer += static_cast<char>(value.size() >> 8);
    value = outer + value;
  }
  const Variant bomb{.metadata = std::string("\x01\x00\x00", 3), .value = value};
  std::string text;
  EXPECT_THAT(AppendJson(bomb, TimeZone::Utc(), text), FailsWith(Condition::MALFORMED_VARIANT));
  EXPECT_THAT(SchemaOfVariant(bomb), FailsWith(Condition::MALFORMED_VARIANT));
  VariantBuilder builder;
  EXPECT_THAT(builder.Append(bomb), FailsWith(Condition::MALFORMED_VARIANT));
  ColumnBuilder column(DataType::Array(DataType::Array(DataType::Array(TypeId::kString))));
  EXPECT_THAT(CastTo(bomb, TimeZone::Utc(), column), FailsWith(Condition::MALFORMED_VARIANT));
}

TEST(Variant, IsPutTogetherFromItsShreds) {
  // {"a": 1 (shredded), "b": "x" (left in value)}, a scalar in value only, and a NULL.
  const Variant rest = Value(ParseJson(R"({"b":"x"})"));
  const Variant scalar = Value(ParseJson("2.5"));
  const DataType field = Value(ParseType("struct<value: binary, typed_value: int>"));
  ColumnBuilder column(DataType::Struct(
      {{.name = "metadata", .type = TypeId::kBinary},
       {.name = "value", .type = TypeId::kBinary},
       {.name = "typed_value", .type = DataType::Struct({{.name = "a", .type = field}})}}));
  column.child(0).AppendBytes(rest.metadata);
  column.child(1).AppendBytes(rest.value);
  ColumnBuilder& typed = column.child(2);
  typed.child(0).child(0).AppendNull();
  typed.child(0).child(1).AppendInteger(1);
  typed.child(0).CloseNested();
  typed.CloseNested();
  column.CloseNested();
  column.child(0).AppendBytes(scalar.metadata);
  column.child(1).AppendBytes(scalar.value);
  typed.AppendNull();
  column.CloseNested();
  column.AppendNull();

  const auto result = Value(UnshredVariants(*Value(column.Finish())));
  ASSERT_TRUE(result->ValidateFull().ok());
  const auto& parts = static_cast<const arrow::StructArray&>(*result);
  const auto json = [&](std::int64_t row) {
    return Json({static_cast<const arrow::BinaryArray&>(*parts.field(0)).GetView(row),
                 static_cast<const arrow::BinaryArray&>(*parts.field(1)).GetView(row)});
  };
  EXPECT_EQ(json(0), R"({"a":1,"b":"x"})");
  EXPECT_EQ(json(1), "2.5");
  EXPECT_TRUE(parts.IsNull(2));
}

}  // namespace
}  // namespace inlet::types
