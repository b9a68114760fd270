#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/duckdb/functions/aggregate_internal.h"
#include "engine/duckdb/functions/function_internal.h"

// GEOGRAPHY and GEOMETRY inside of expressions: a STRUCT of the reference system and well-known
// binary under an alias. As a column of a result it is that STRUCT.
namespace inlet::engine::functions {
namespace {

constexpr char kGeography[] = "GEOGRAPHY";
constexpr char kGeometry[] = "GEOMETRY";
constexpr std::int32_t kWgs84 = 4326;

LogicalType GeoType(const char* alias) {
  LogicalType type =
      LogicalType::STRUCT({{"srid", LogicalType::INTEGER}, {"wkb", LogicalType::BLOB}});
  type.SetAlias(alias);
  return type;
}

bool IsGeo(const LogicalType& type, const char* alias) {
  return type.id() == LogicalTypeId::STRUCT && type.HasAlias() && type.GetAlias() == alias;
}

void RequireGeo(const LogicalType& type, const char* function) {
  if (IsGeo(type, kGeography) || IsGeo(type, kGeometry)) return;
  Raise(Condition::DATATYPE_MISMATCH,
        {{"sqlExpr", function}, {"message", "the argument must be a GEOGRAPHY or GEOMETRY"}});
}

/// Reads well-known binary and writes it with the bytes of its numbers in a certain order.
class WkbCopy {
 public:
  WkbCopy(std::string_view in, bool to_little) : in_(in), to_little_(to_little) {}

  /// Nothing when the bytes are no well-known binary.
  std::optional<std::string> Copy() {
    if (!Geometry(0) || at_ != in_.size()) return std::nullopt;
    return std::move(out_);
  }

 private:
  static constexpr int kMaxDepth = 100;
  static constexpr bool kIsLittle = std::endian::native == std::endian::little;

  template <class T>
  bool Number(T& value) {
    if (in_.size() - at_ < sizeof(T)) return false;
    char bytes[sizeof(T)];
    std::memcpy(bytes, in_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    if (from_little_ != to_little_) std::reverse(std::begin(bytes), std::end(bytes));
    out_.append(bytes, sizeof(T));
    if (to_little_ != kIsLittle) std::reverse(std::begin(bytes), std::end(bytes));
    std::memcpy(&value, bytes, sizeof(T));
    return true;
  }
  bool Coordinates(std::uint32_t points, int dimensions) {
    double ignored = 0;
    for (std::uint64_t i = 0; i < std::uint64_t{points} * static_cast<unsigned>(dimensions); ++i) {
      if (!Number(ignored)) return false;
    }
    return true;
  }
  bool Line(int dimensions) {
    std::uint32_t points = 0;
    return Number(points) && Coordinates(points, dimensions);
  }
  bool Geometry(int depth) {
    if (depth > kMaxDepth || at_ >= in_.size()) return false;
    const char order = in_[at_++];
    if (order != 0 && order != 1) return false;
    from_little_ = order == 1;
    out_ += static_cast<char>(to_little_ ? 1 : 0);
    std::uint32_t type = 0;
    if (!Number(type) || type / 1000 > 3) return false;
    const int dimensions = 2 + static_cast<int>(type / 1000 == 3 ? 2 : type / 1000 > 0 ? 1 : 0);
    std::uint32_t parts = 0;
    switch (type % 1000) {
      case 1:
        return Coordinates(1, dimensions);
      case 2:
        return Line(dimensions);
      case 3:
        if (!Number(parts)) return false;
        for (std::uint32_t i = 0; i < parts; ++i) {
          if (!Line(dimensions)) return false;
        }
        return true;
      case 4:
      case 5:
      case 6:
      case 7:
        if (!Number(parts)) return false;
        for (std::uint32_t i = 0; i < parts; ++i) {
          if (!Geometry(depth + 1)) return false;
        }
        return true;
      default:
        return false;
    }
  }

  std::string_view in_;
  std::size_t at_ = 0;
  bool from_little_ = true;
  bool to_little_;
  std::string out_;
};

std::string Ordered(std::string_view wkb, bool little) {
  auto copy = WkbCopy(wkb, little).Copy();
  if (!copy) {
    Raise(Condition::INVALID_PARAMETER_VALUE, {{"parameter", "wkb"},
                                               {"functionName", "`st_geomfromwkb`"},
                                               {"message", "it is no well-known binary"}});
  }
  return *std::move(copy);
}

/// An executor that gives one value a row, NULL where an argument is.
template <class WriteRow>
duckdb::scalar_function_t EachRow(WriteRow write_row) {
  return [write_row](DataChunk& chunk, ExpressionState&, Vector& result) {
    std::vector<Cells> columns;
    for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
    const bool constant = chunk.AllConstant();
    result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
    for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
      const RowCells cells(columns, row);
      if (cells.has_null()) {
        duckdb::FlatVector::SetNull(result, row, true);
      } else {
        write_row(cells, result, row);
      }
    }
    if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  };
}

void SetGeo(Vector& result, idx_t row, std::int32_t srid, std::string_view wkb) {
  auto& fields = duckdb::StructVector::GetEntries(result);
  SetValue(*fields[0], row, srid);
  SetBytes(*fields[1], row, wkb);
}

Bound BindFromWkb(ClientContext& context, Arguments& arguments, const char* alias,
                  std::int32_t usual_srid) {
  CoerceTo(context, arguments.at(0), LogicalType::BLOB, "st_geomfromwkb", 0);
  if (arguments.size() < 2) arguments.push_back(Constant(duckdb::Value::INTEGER(usual_srid)));
  CoerceTo(context, arguments[1], LogicalType::INTEGER, "st_geomfromwkb", 1);
  return {.type = GeoType(alias),
          .execute = EachRow([](const RowCells& cells, Vector& result, idx_t row) {
            SetGeo(result, row, cells[1].As<std::int32_t>(), Ordered(cells[0].text(), true));
          })};
}

Bound BindAsBinary(ClientContext& context, Arguments& arguments) {
  RequireGeo(arguments.at(0)->return_type, "st_asbinary");
  if (arguments.size() < 2) arguments.push_back(Constant(duckdb::Value("NDR")));
  CoerceTo(context, arguments[1], LogicalType::VARCHAR, "st_asbinary", 1);
  return {.type = LogicalType::BLOB,
          .execute = EachRow([](const RowCells& cells, Vector& result, idx_t row) {
            const std::string_view order = cells[1].text();
            if (order != "NDR" && order != "XDR") {
              Raise(Condition::INVALID_PARAMETER_VALUE,
                    {{"parameter", "endianness"},
                     {"functionName", "`st_asbinary`"},
                     {"message", "it must be NDR or XDR, not " + std::string(order)}});
            }
            SetBytes(result, row, Ordered(cells[0].field(1).text(), order == "NDR"));
          })};
}

}  // namespace

void AddGeoFunctions(Registry& registry) {
  registry.AddBound("spark_st_geogfromwkb", [](ClientContext& context, Arguments& arguments) {
    return BindFromWkb(context, arguments, kGeography, kWgs84);
  });
  registry.AddBound("spark_st_geomfromwkb", [](ClientContext& context, Arguments& arguments) {
    return BindFromWkb(context, arguments, kGeometry, 0);
  });
  registry.AddBound("spark_st_asbinary", BindAsBinary);
  registry.AddBound("spark_st_srid", [](ClientContext&, Arguments& arguments) {
    RequireGeo(arguments.at(0)->return_type, "st_srid");
    return Bound{.type = LogicalType::INTEGER,
                 .execute = EachRow([](const RowCells& cells, Vector& result, idx_t row) {
                   SetValue(result, row, cells[0].field(0).As<std::int32_t>());
                 })};
  });
  registry.AddBound("spark_st_setsrid", [](ClientContext& context, Arguments& arguments) {
    RequireGeo(arguments.at(0)->return_type, "st_setsrid");
    const LogicalType type = arguments[0]->return_type;
    CoerceTo(context, arguments.at(1), LogicalType::INTEGER, "st_setsrid", 1);
    return Bound{.type = type,
                 .execute = EachRow([](const RowCells& cells, Vector& result, idx_t row) {
                   SetGeo(result, row, cells[1].As<std::int32_t>(), cells[0].field(1).text());
                 })};
  });
}

}  // namespace inlet::engine::functions
