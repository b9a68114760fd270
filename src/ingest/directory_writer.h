#pragma once

#include <memory>
#include <string>
#include <vector>

#include "delta/data_file_writer.h"
#include "formats/compression/byte_stream.h"
#include "ingest/xml_record.h"
#include "storage/object_store.h"
#include "types/data_type.h"

namespace inlet::ingest {

/// How the files of a directory are written. Of text formats the batches have one column of text,
/// each value a record, before the partition columns; of xml the records come as JSON.
struct DirectorySpec {
  storage::Location root;
  std::string format;        ///< parquet, orc, or a text format, which is its files' suffix.
  types::StructType schema;  ///< The columns of the files, then the partition columns as STRING.
  std::vector<std::string> partition_columns;
  std::string compression;                       ///< Of parquet and orc.
  formats::Codec codec = formats::Codec::kNone;  ///< Of text formats.
  std::string head;                              ///< What a text file begins with,
  std::string tail;                              ///< ends with,
  std::string line_end = "\n";                   ///< and has after each record.
  XmlRecordOptions xml;
};

/// One writer of one thread: rows become a file for each partition. Nothing of an unfinished file
/// is visible; what was finished is deleted with a writer that is not.
Result<std::unique_ptr<delta::DataFileWriter>> OpenDirectoryWriter(const DirectorySpec& spec);

/// A file without rows, which tells readers the columns. Errors: those of storage.
Status WriteEmptyFile(const DirectorySpec& spec);

}  // namespace inlet::ingest
