#include "formats/compression/compressed_writer.h"

#include "base/testing.h"
#include "storage/memory/memory_store.h"

namespace inlet::formats {
namespace {

class CompressedWriterTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::shared_ptr<storage::MemoryStore> store_ =
      std::make_shared<storage::MemoryStore>("compressed");
};

TEST_P(CompressedWriterTest, WhatIsWrittenInPiecesIsReadBack) {
  const Codec codec = Value(WritableCodec(GetParam()));
  const std::string path = "f.csv" + std::string(SuffixOf(codec));
  const auto writer = Value(CompressedWriter::Open({.store = store_, .path = path}, codec));
  std::string text;
  for (int i = 0; i < 200000; ++i) {
    const std::string line = std::to_string(i * 7919 % 100003) + ",row\n";
    text += line;
    ASSERT_THAT(writer->Append(line), IsOk());
  }
  const storage::ObjectInfo info = Value(writer->Finish());
  const auto stream = Value(OpenByteStream(*store_, info));
  EXPECT_EQ(Value(ReadAll(*stream, 1 << 30, path)), text);
}

TEST_P(CompressedWriterTest, AnEmptyFileIsWhole) {
  const Codec codec = Value(WritableCodec(GetParam()));
  const std::string path = "f.csv" + std::string(SuffixOf(codec));
  const auto writer = Value(CompressedWriter::Open({.store = store_, .path = path}, codec));
  const storage::ObjectInfo info = Value(writer->Finish());
  const auto stream = Value(OpenByteStream(*store_, info));
  EXPECT_EQ(Value(ReadAll(*stream, 1 << 30, path)), "");
}

INSTANTIATE_TEST_SUITE_P(EveryCodec, CompressedWriterTest,
                         ::testing::Values("none", "gzip", "deflate", "bzip2", "zstd"));

TEST(CompressedWriter, AnUnknownCodecIsNamed) {
  EXPECT_THAT(WritableCodec("rar"), FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

}  // namespace
}  // namespace inlet::formats
