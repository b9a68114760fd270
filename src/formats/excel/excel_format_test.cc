#include "formats/excel/excel_format.h"

#include <arrow/api.h>
#include <zlib.h>

#include "base/testing.h"
#include "formats/columns/column_json.h"
#include "storage/memory/memory_store.h"

namespace inlet::formats {
namespace {

using ::testing::ElementsAre;

std::string Little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i, value >>= 8) out += static_cast<char>(value & 0xFF);
  return out;
}

/// A zip archive of stored files. `claimed_bytes` overrides the size that the directory says.
std::string Zip(const std::map<std::string, std::string>& files, std::uint32_t claimed_bytes = 0) {
  std::string out;
  std::string directory;
  for (const auto& [name, content] : files) {
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
    const std::string sizes = Little(crc, 4) + Little(content.size(), 4) +
                              Little(claimed_bytes == 0 ? content.size() : claimed_bytes, 4) +
                              Little(name.size(), 2) + Little(0, 2);
    directory += "PK\x01\x02" + Little(20, 2) + Little(20, 2) + Little(0, 8) + sizes +
                 Little(0, 10) + Little(out.size(), 4) + name;
    out += "PK\x03\x04" + Little(20, 2) + Little(0, 8) + sizes + name + content;
  }
  const std::size_t begin = out.size();
  return out + directory + "PK\x05\x06" + Little(0, 4) + Little(files.size(), 2) +
         Little(files.size(), 2) + Little(directory.size(), 4) + Little(begin, 4) + Little(0, 2);
}

std::map<std::string, std::string> Parts(const std::string& cells) {
  return {
      {"xl/workbook.xml",
       R"(<workbook xmlns:r="r"><sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>)"},
      {"xl/_rels/workbook.xml.rels",
       R"(<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>)"},
      {"xl/sharedStrings.xml",
       "<sst><si><t>shared</t></si><si><r><t>a</t></r><r><t>b</t></r></si></sst>"},
      {"xl/styles.xml",
       R"(<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts>)"
       R"(<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="22"/></cellXfs></styleSheet>)"},
      {"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + cells + "</sheetData></worksheet>"},
  };
}

class ExcelFormatTest : public ::testing::Test {
 protected:
  Result<std::vector<std::string>> Rows(const std::string& bytes, const OptionMap& options = {},
                                        std::string* ddl = nullptr) {
    TRY(store_.Put("f.xlsx", bytes, storage::PutMode::kOverwrite));
    const storage::ObjectInfo file = TRY(store_.Head("f.xlsx"));
    const auto format = TRY(ExcelFormat().Configure(options, true));
    const ReadSchema schema{.columns = TRY(format->InferSchema(store_, std::vector{file}, {}, {}))};
    if (ddl != nullptr) *ddl = types::ToDdl(schema.columns);
    const auto reader = TRY(format->Open(store_, {.file = file}, schema));
    std::vector<std::string> rows;
    while (const types::BatchPtr batch = TRY(reader->Next())) {
      for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string text;
        for (int i = 0; i < batch->num_columns(); ++i) {
          text += i > 0 ? "," : "";
          AppendJsonValue(*batch->column(i), row, text);
        }
        rows.push_back(text);
      }
    }
    return rows;
  }

  storage::MemoryStore store_{"test"};
};

constexpr char kCells[] =
    R"(<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="s"><v>0</v></c>)"
    R"(<c r="C1" t="s"><v>1</v></c><c r="D1" t="str"><v>t</v></c></row>)"
    R"(<row r="3"><c r="A3"><v>1</v></c><c r="B3"><v>1.5</v></c><c r="C3" s="1"><v>43831</v></c>)"
    R"(<c r="D3" s="2"><v>43831.5</v></c></row><row r="4"><c r="A4"><v>2</v></c></row>)";

TEST_F(ExcelFormatTest, CellsGetTypesFromTheirValuesAndStyles) {
  std::string ddl;
  EXPECT_THAT(Value(Rows(Zip(Parts(kCells)), {{"headerRows", "1"}}, &ddl)),
              ElementsAre(R"(1,1.5,"2020-01-01","2020-01-01T12:00:00.000")", "2,null,null,null"));
  EXPECT_EQ(ddl, "id BIGINT, shared DOUBLE, ab DATE, t TIMESTAMP_NTZ");
}

TEST_F(ExcelFormatTest, AnAddressChoosesCells) {
  EXPECT_THAT(Value(Rows(Zip(Parts(kCells)), {{"dataAddress", "One!A3:B4"}})),
              ElementsAre("1,1.5", "2,null"));
  EXPECT_THAT(Value(Rows(Zip(Parts(kCells)), {{"listSheets", "true"}})), ElementsAre("0,\"One\""));
  EXPECT_THAT(Rows(Zip(Parts(kCells)), {{"dataAddress", "Two"}}),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

TEST_F(ExcelFormatTest, DamagedAndHostileBooksAreErrors) {
  const std::string good = Zip(Parts(kCells));
  EXPECT_THAT(Rows("id,name\n"), FailsWith(Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER));
  EXPECT_THAT(Rows(good.substr(0, good.size() / 2)),
              FailsWith(Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER));
  EXPECT_THAT(Rows(Zip(Parts(kCells), 0xFFFFFFF0U)), FailsWith(Condition::INLET_RESOURCE_LIMIT));
  EXPECT_THAT(Rows(Zip(Parts("<row><c>"))), FailsWith(Condition::INLET_CORRUPT_FILE));
  auto parts = Parts(kCells);
  parts["xl/sharedStrings.xml"] =
      "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><sst><si><t>&a;</t></si></sst>";
  EXPECT_THAT(Rows(Zip(parts)), FailsWith(Condition::INLET_CORRUPT_FILE));
  std::string flipped = good;
  flipped[good.find("<v>43831</v>") + 4] = '9';
  EXPECT_THAT(Rows(flipped), FailsWith(Condition::INLET_CORRUPT_FILE));
  parts = Parts(kCells);
  parts.erase("xl/worksheets/sheet1.xml");
  EXPECT_THAT(Rows(Zip(parts)), FailsWith(Condition::INLET_CORRUPT_FILE));
}

}  // namespace
}  // namespace inlet::formats
