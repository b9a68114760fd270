#include "formats/columns/column_conversion.h"

#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>

#include <limits>
#include <utility>

#include "types/arrow.h"
#include "types/variant.h"

namespace inlet::formats {
namespace {

using arrow::ArrayData;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using types::TypeId;

constexpr std::int32_t kFirstGregorianDay = -141427;  // 1582-10-15.
constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

std::int64_t FloorDivide(std::int64_t value, std::int64_t divisor) {
  const std::int64_t quotient = value / divisor;
  return quotient - (value % divisor < 0 ? 1 : 0);
}

std::unexpected<Error> Misfit(const ColumnPlan& plan, const ConversionContext& context) {
  return Fail(Condition::FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH,
              {{"path", context.path},
               {"column", plan.source->name},
               {"actualType", plan.source->physical + " with values out of range"},
               {"expectedType", ToString(plan.target)}});
}

std::unexpected<Error> Corrupt(const ConversionContext& context, std::string message) {
  return Fail(Condition::INLET_CORRUPT_FILE,
              {{"path", context.path}, {"message", std::move(message)}});
}

/// The same values under another type of the same layout.
ArrayPtr Retyped(const ArrayData& data, const std::shared_ptr<arrow::DataType>& type) {
  std::shared_ptr<ArrayData> copy = data.Copy();
  copy->type = type;
  copy->dictionary = nullptr;
  return arrow::MakeArray(std::move(copy));
}

/// Maps each slot of a fixed-width array, NULL slots included; `map` returns false for a value
/// that does not fit, which counts only where the slot is valid.
template <class From, class To, class Map>
Result<ArrayPtr> MapValues(const arrow::Array& array, const ColumnPlan& plan,
                           const ConversionContext& context, Map map) {
  const ArrayData& data = *array.data();
  std::shared_ptr<arrow::Buffer> values = ARROW_TRY(
      arrow::AllocateBuffer((data.offset + data.length) * static_cast<std::int64_t>(sizeof(To))));
  const From* in = data.GetValues<From>(1);
  To* out = reinterpret_cast<To*>(values->mutable_data()) + data.offset;
  for (std::int64_t i = 0; i < data.length; ++i) {
    if (!map(in[i], out[i]) && array.IsValid(i)) return Misfit(plan, context);
  }
  return arrow::MakeArray(ArrayData::Make(plan.arrow_type, data.length,
                                          {data.buffers[0], std::move(values)}, data.null_count,
                                          data.offset));
}

Result<ArrayPtr> ConvertTimestamps(const arrow::Array& array, const ColumnPlan& plan,
                                   const ConversionContext& context) {
  const auto unit = static_cast<const arrow::TimestampType&>(*array.type()).unit();
  const CalendarRebase rebase =
      plan.source->is_int96 ? context.int96_rebase : context.datetime_rebase;
  if (unit == arrow::TimeUnit::MICRO && rebase == CalendarRebase::kCorrected) {
    return Retyped(*array.data(), plan.arrow_type);
  }
  const std::int64_t multiplier = unit == arrow::TimeUnit::SECOND  ? 1'000'000
                                  : unit == arrow::TimeUnit::MILLI ? 1000
                                                                   : 1;
  const std::int64_t divisor = unit == arrow::TimeUnit::NANO ? 1000 : 1;
  bool ancient = false;
  ArrayPtr result = TRY((MapValues<std::int64_t, std::int64_t>(
      array, plan, context, [&](std::int64_t value, std::int64_t& micros) {
        if (__builtin_mul_overflow(FloorDivide(value, divisor), multiplier, &micros)) return false;
        if (rebase != CalendarRebase::kCorrected && micros < kFirstGregorianDay * kMicrosPerDay)
            [[unlikely]] {
          if (rebase == CalendarRebase::kLegacy) {
            micros = RebaseMicros(micros);
          } else {
            ancient = true;
          }
        }
        return true;
      })));
  if (ancient) {
    return Fail(Condition::FAILED_READ_FILE_NO_HINT,
                {{"path", context.path},
                 {"message",
                  "times before 1582-10-15 may be of the Julian calendar; set "
                  "datetimeRebaseMode or int96RebaseMode to LEGACY or CORRECTED"}});
  }
  return result;
}

Result<ArrayPtr> ConvertDates(const arrow::Array& array, const ColumnPlan& plan,
                              const ConversionContext& context) {
  const CalendarRebase rebase = context.datetime_rebase;
  bool ancient = false;
  const auto rebased = [&](std::int32_t days) {
    if (days >= kFirstGregorianDay || rebase == CalendarRebase::kCorrected) return days;
    if (rebase == CalendarRebase::kLegacy) return RebaseDays(days);
    ancient = true;
    return days;
  };
  Result<ArrayPtr> result =
      plan.target.is(TypeId::kTimestampNtz)
          ? MapValues<std::int32_t, std::int64_t>(array, plan, context,
                                                  [&](std::int32_t days, std::int64_t& micros) {
                                                    return !__builtin_mul_overflow(
                                                        rebased(days), kMicrosPerDay, &micros);
                                                  })
          : MapValues<std::int32_t, std::int32_t>(array, plan, context,
                                                  [&](std::int32_t days, std::int32_t& out) {
                                                    out = rebased(days);
                                                    return true;
                                                  });
  if (result && ancient) {
    return Fail(Condition::FAILED_READ_FILE_NO_HINT,
                {{"path", context.path},
                 {"message",
                  "dates before 1582-10-15 may be of the Julian calendar; set "
                  "datetimeRebaseMode to LEGACY or CORRECTED"}});
  }
  return result;
}

/// HH:MM:SS[.ffffff], without closing zeros of the fraction.
std::string TimeText(std::int64_t value, std::int64_t units_per_second) {
  const std::int64_t seconds = FloorDivide(value, units_per_second);
  std::string text =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  std::int64_t fraction = value - seconds * units_per_second;
  if (fraction == 0) return text;
  int digits = units_per_second == 1000 ? 3 : units_per_second == 1'000'000 ? 6 : 9;
  while (fraction % 10 == 0) {
    fraction /= 10;
    --digits;
  }
  return text + fmt::format(".{:0{}}", fraction, digits);
}

Result<ArrayPtr> ConvertTimes(const arrow::Array& array) {
  const auto unit = static_cast<const arrow::TimeType&>(*array.type()).unit();
  const std::int64_t per_second = unit == arrow::TimeUnit::SECOND  ? 1
                                  : unit == arrow::TimeUnit::MILLI ? 1000
                                  : unit == arrow::TimeUnit::MICRO ? 1'000'000
                                                                   : 1'000'000'000;
  arrow::StringBuilder builder;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      ARROW_CHECK_OK(builder.AppendNull());
      continue;
    }
    const std::int64_t value = array.type_id() == arrow::Type::TIME32
                                   ? static_cast<const arrow::Time32Array&>(array).Value(i)
                                   : static_cast<const arrow::Time64Array&>(array).Value(i);
    ARROW_CHECK_OK(builder.Append(TimeText(value, per_second)));
  }
  return ARROW_TRY(builder.Finish());
}

/// Everything without a rule of its own, checked: values that do not fit are an error.
Result<ArrayPtr> CastValues(const arrow::Array& array, const ColumnPlan& plan,
                            const ConversionContext& context) {
  const arrow::Result<ArrayPtr> cast = arrow::compute::Cast(array, plan.arrow_type);
  if (cast.ok()) return *cast;
  if (cast.status().IsInvalid()) return Misfit(plan, context);
  return Corrupt(context, cast.status().message());
}

Result<ArrayPtr> ConvertLeaf(const ColumnPlan& plan, const ArrayPtr& array,
                             const ConversionContext& context) {
  const TypeId target = plan.target.id();
  switch (array->type_id()) {
    case arrow::Type::TIMESTAMP:
      return ConvertTimestamps(*array, plan, context);
    case arrow::Type::DATE32:
      if (context.datetime_rebase == CalendarRebase::kCorrected && target == TypeId::kDate) break;
      return ConvertDates(*array, plan, context);
    case arrow::Type::INT32:
      if (target == TypeId::kDate) return Retyped(*array->data(), plan.arrow_type);
      break;
    case arrow::Type::DURATION:
      if (target == TypeId::kLong) return Retyped(*array->data(), plan.arrow_type);
      break;
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return ConvertTimes(*array);
    case arrow::Type::BINARY:
    case arrow::Type::STRING:
      if (target == TypeId::kString || target == TypeId::kBinary) {
        return Retyped(*array->data(), plan.arrow_type);
      }
      break;
    default:
      break;
  }
  if (array->type()->Equals(*plan.arrow_type)) return array;
  return CastValues(*array, plan, context);
}

Result<ArrayPtr> ConvertChild(const ColumnPlan& plan, const ArrayData& parent, std::int64_t length,
                              const ConversionContext& context) {
  if (plan.step == ColumnPlan::Step::kNull) {
    return ARROW_TRY(arrow::MakeArrayOfNull(plan.arrow_type, length));
  }
  const auto index = static_cast<std::size_t>(plan.array_index);
  if (index >= parent.child_data.size()) {
    return FailInternal("a column is missing from what was read: " + plan.source->name);
  }
  return ConvertColumn(plan, arrow::MakeArray(parent.child_data[index]), context);
}

Result<ArrayPtr> ConvertStruct(const ColumnPlan& plan, const ArrayPtr& array,
                               const ConversionContext& context) {
  const ArrayData& data = *array->data();
  std::vector<std::shared_ptr<ArrayData>> children;
  for (const ColumnPlan& child : plan.children) {
    // Children are not sliced with their parent: they keep all slots before its offset.
    const ArrayPtr converted = TRY(ConvertChild(child, data, data.offset + data.length, context));
    if (plan.step == ColumnPlan::Step::kVariant && converted->null_count() > array->null_count()) {
      return Corrupt(context, "a variant has no metadata or no value: " + plan.source->name);
    }
    children.push_back(converted->data());
  }
  return arrow::MakeArray(ArrayData::Make(plan.arrow_type, data.length, {data.buffers[0]},
                                          std::move(children), data.null_count, data.offset));
}

Result<ArrayPtr> ConvertList(const ColumnPlan& plan, ArrayPtr array,
                             const ConversionContext& context) {
  // An Arrow schema in the file can make other kinds of lists.
  if (array->type_id() != arrow::Type::LIST && array->type_id() != arrow::Type::MAP) {
    const auto element = array->type()->field(0);
    array = ARROW_TRY(arrow::compute::Cast(*array, arrow::list(element)));
  }
  const ArrayData& data = *array->data();
  ArrayPtr values = arrow::MakeArray(data.child_data[0]);
  ColumnPlan element = plan.children[0];
  element.array_index = 0;
  values = TRY(ConvertChild(element, data, values->length(), context));
  return arrow::MakeArray(ArrayData::Make(plan.arrow_type, data.length,
                                          {data.buffers[0], data.buffers[1]}, {values->data()},
                                          data.null_count, data.offset));
}

Result<ArrayPtr> ConvertMap(const ColumnPlan& plan, const ArrayPtr& array,
                            const ConversionContext& context) {
  const ArrayData& data = *array->data();
  const ArrayData& entries = *data.child_data[0];
  std::vector<std::shared_ptr<ArrayData>> children;
  for (std::size_t i = 0; i < 2; ++i) {
    ColumnPlan child = plan.children[i];
    child.array_index = static_cast<int>(i);
    const ArrayPtr converted =
        TRY(ConvertChild(child, entries, entries.offset + entries.length, context));
    if (i == 0 && converted->null_count() > 0) {
      return Corrupt(context, "a map has a NULL key: " + plan.source->name);
    }
    children.push_back(converted->data());
  }
  const auto& type = static_cast<const arrow::MapType&>(*plan.arrow_type);
  std::shared_ptr<ArrayData> pairs =
      ArrayData::Make(type.value_type(), entries.length, {nullptr}, std::move(children),
                      /*null_count=*/0, entries.offset);
  return arrow::MakeArray(ArrayData::Make(plan.arrow_type, data.length,
                                          {data.buffers[0], data.buffers[1]}, {std::move(pairs)},
                                          data.null_count, data.offset));
}

}  // namespace

Result<ArrayPtr> ConvertColumn(const ColumnPlan& plan, const ArrayPtr& array,
                               const ConversionContext& context) {
  switch (plan.step) {
    case ColumnPlan::Step::kNull:
      return ARROW_TRY(arrow::MakeArrayOfNull(plan.arrow_type, array->length()));
    case ColumnPlan::Step::kLeaf:
      return ConvertLeaf(plan, array, context);
    case ColumnPlan::Step::kStruct:
    case ColumnPlan::Step::kVariant:
      return ConvertStruct(plan, array, context);
    case ColumnPlan::Step::kShreddedVariant:
      return types::UnshredVariants(*array).Context("read " + context.path);
    case ColumnPlan::Step::kList:
      return ConvertList(plan, array, context);
    case ColumnPlan::Step::kMap:
      return ConvertMap(plan, array, context);
  }
  return FailInternal("unknown step of a column plan");
}

std::int32_t RebaseDays(std::int32_t days) {
  if (days >= kFirstGregorianDay) return days;
  // Year, month and day of the Julian calendar, by the usual formula on Julian day numbers;
  // years begin in March, so that the leap day is the last.
  const std::int64_t shifted = std::int64_t{days} + 2'440'588 + 32'082;
  const std::int64_t year4 = FloorDivide(4 * shifted + 3, 1461);
  const std::int64_t day_of_year = shifted - FloorDivide(1461 * year4, 4);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month + 2) / 5;  // From 0.
  const std::int64_t year = year4 - 4800;                        // Of March.
  // Days of the proleptic Gregorian calendar.
  const std::int64_t era = FloorDivide(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * month + 2) / 5 + day;
  return static_cast<std::int32_t>(era * 146'097 + day_of_era - 719'468);
}

std::int64_t RebaseMicros(std::int64_t micros) {
  const std::int64_t days = FloorDivide(micros, kMicrosPerDay);
  if (days >= kFirstGregorianDay || days < std::numeric_limits<std::int32_t>::min()) return micros;
  return micros + (RebaseDays(static_cast<std::int32_t>(days)) - days) * kMicrosPerDay;
}

}  // namespace inlet::formats
