#include "formats/csv/csv_reader.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <unordered_map>

#include "formats/csv/csv_guess.h"
#include "formats/csv/csv_record_source.h"
#include "formats/csv/csv_values.h"
#include "types/column_builder.h"
#include "types/json_text.h"

namespace inlet::formats {
namespace {

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
constexpr std::size_t kShownBytes = 1000;  // Of a record in an error's text.

std::string ValidUtf8(std::string_view text) {
  std::string out;
  AppendValidUtf8(text, out);
  return out;
}

// Where each column of the data stands in the records of one file.
struct ColumnMap {
  std::vector<std::size_t> sources;     // Of each wanted column; kAbsent for none.
  std::vector<std::string> cell_names;  // Of each cell that the file announces; for rescuing.
  std::vector<std::size_t> unknown;     // Cells that the schema does not have.
  std::size_t num_cells = 0;            // What a sound record has.
};

bool IsSpecial(const ReadSchema& schema, std::string_view name) {
  auto is = [&](std::optional<std::size_t> index) {
    return index && EqualsIgnoreCase(schema.columns.fields[*index].name, name);
  };
  return is(schema.rescued_column) || is(schema.corrupt_record_column);
}

std::vector<std::string> DataNames(const ReadSchema& schema) {
  const types::StructType& data = schema.data_schema.empty() ? schema.columns : schema.data_schema;
  std::vector<std::string> names;
  for (const types::StructField& field : data.fields) {
    if (!IsSpecial(schema, field.name)) names.push_back(field.name);
  }
  return names;
}

class NameIndex {
 public:
  NameIndex(const std::vector<std::string>& names, bool exact) : exact_(exact) {
    for (std::size_t i = 0; i < names.size(); ++i) index_.emplace(Key(names[i]), i);
  }
  std::size_t Find(std::string_view name) const {
    auto found = index_.find(Key(name));
    return found == index_.end() ? kAbsent : found->second;
  }

 private:
  std::string Key(std::string_view name) const {
    return exact_ ? std::string(name) : ToLower(name);
  }
  bool exact_;
  std::unordered_map<std::string, std::size_t> index_;
};

ColumnMap MapColumns(const std::vector<std::string>& header, const ReadSchema& schema,
                     const CsvOptions& options) {
  ColumnMap map;
  std::vector<std::string> data_names = DataNames(schema);
  bool exact = options.case_sensitive && schema.rescued_column.has_value();
  bool by_name = options.header && (options.by_name || schema.rescued_column.has_value());
  map.cell_names = by_name ? header : data_names;
  map.num_cells = map.cell_names.size();
  NameIndex cells(map.cell_names, exact && by_name);
  for (const types::StructField& field : schema.columns.fields) {
    map.sources.push_back(IsSpecial(schema, field.name) ? kAbsent : cells.Find(field.name));
  }
  if (!by_name) return map;
  NameIndex known(data_names, exact);
  for (std::size_t i = 0; i < map.cell_names.size(); ++i) {
    if (known.Find(map.cell_names[i]) == kAbsent) map.unknown.push_back(i);
  }
  return map;
}

// enforceSchema => false: the header has to say what the schema says.
Status CheckHeader(const std::vector<std::string>& header, const ReadSchema& schema,
                   const std::string& path) {
  std::vector<std::string> expected = DataNames(schema);
  auto join = [](const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
  };
  bool equal = std::ranges::equal(header, expected, EqualsIgnoreCase);
  if (equal || header.empty()) return Ok();
  return Fail(Condition::FAILED_READ_FILE_NO_HINT,
              {{"path", path},
               {"message", "the CSV header does not conform to the schema: header " + join(header) +
                               "; schema " + join(expected)}});
}

class CsvReader : public types::BatchReader {
 public:
  CsvReader(std::shared_ptr<const CsvOptions> options, const ReadSchema& schema,
            const storage::ObjectStore& store, const FileSplit& split)
      : options_(std::move(options)),
        schema_(schema),
        split_(split),
        file_url_(storage::UrlOf(store, split.file.path)),
        builder_(schema.columns) {}

  Status Open(const storage::ObjectStore& store) {
    const types::TimeZone* zone = TRY(types::TimeZone::Find(schema_.session_time_zone));
    for (const types::StructField& field : schema_.columns.fields) {
      converters_.push_back(TRY(CsvColumnConverter::Make(field, *options_, *zone)));
    }
    if (HoldsObjects()) TRY(CheckVariantSchema());
    source_ = TRY(CsvRecordSource::Open(store, split_, *options_));
    map_ = MapColumns(source_->header(), schema_, *options_);
    TRY(BeginGuessCheck(*zone));
    if (options_->header && !options_->enforce_schema && !options_->by_name &&
        !schema_.rescued_column) {
      TRY(CheckHeader(source_->header(), schema_, file_url_));
    }
    return Ok();
  }

  Result<types::BatchPtr> Next() override {
    while (num_rows_ < schema_.batch_rows && !IsBatchLarge()) {
      const std::vector<CsvRecord>& records = source_->records().records;
      if (next_record_ == records.size()) {
        next_record_ = 0;
        if (!TRY(source_->Next())) break;
      }
      auto left = records.size() - next_record_;
      auto count = std::min(left, static_cast<std::size_t>(schema_.batch_rows - num_rows_));
      TRY(AppendRecords(std::span(records).subspan(next_record_, count)));
      next_record_ += count;
    }
    if (num_rows_ == 0) return nullptr;
    return builder_.Finish(std::exchange(num_rows_, 0));
  }

 private:
  bool IsBatchLarge() const {
    return num_rows_ > 0 && builder_.size_bytes() >= schema_.batch_bytes;
  }

  Status BeginGuessCheck(const types::TimeZone& session_zone) {
    if (schema_.guess == nullptr) return Ok();
    const types::TimeZone* zone = &session_zone;
    if (!options_->time_zone.empty()) zone = TRY(types::TimeZone::Find(options_->time_zone));
    guess_check_.emplace(static_cast<const CsvGuess&>(*schema_.guess), *options_, *zone);
    if (options_->header) return guess_check_->CheckHeader(source_->header());
    is_width_unchecked_ = split_.position == 0;
    return Ok();
  }

  Status HoldAgainstGuess(std::span<const CsvRecord> records) {
    if (std::exchange(is_width_unchecked_, false)) {
      TRY(guess_check_->CheckWidth(records.front()));
    }
    for (std::size_t c = 0; c < schema_.columns.size(); ++c) {
      const bool has_misfits =
          std::ranges::any_of(misfits_, [&](const Misfit& misfit) { return misfit.column == c; });
      TRY(guess_check_->CheckColumn(schema_.columns.fields[c], map_.sources[c], has_misfits,
                                    source_->records(), records));
    }
    return Ok();
  }

  Status AppendRecords(std::span<const CsvRecord> records) {
    Convert(records);
    if (guess_check_) TRY(HoldAgainstGuess(records));
    FindBadRows(records);
    if (!bad_rows_.empty()) {
      if (schema_.bad_record_sink || options_->mode == ParseMode::kDropMalformed) {
        return AppendGoodRecords(records);
      }
      if (options_->mode == ParseMode::kFailFast) return FailFast(records[bad_rows_.front()]);
    }
    AppendSpecialColumns(records);
    num_rows_ += static_cast<std::int64_t>(records.size());
    return Ok();
  }

  Status CheckVariantSchema() const {
    for (const types::StructField& field : schema_.columns.fields) {
      bool variant = EqualsIgnoreCase(field.name, options_->single_variant_column) &&
                     field.type.is(types::TypeId::kVariant);
      if (variant || IsSpecial(schema_, field.name)) continue;
      return Fail(Condition::INVALID_SINGLE_VARIANT_COLUMN, {{"schema", ToDdl(schema_.columns)}});
    }
    return Ok();
  }

  // singleVariantColumn: each record is one object, of whatever cells it has.
  bool HoldsObjects() const { return !options_->single_variant_column.empty(); }

  void Convert(std::span<const CsvRecord> records) {
    misfits_.clear();
    for (std::size_t c = 0; c < converters_.size(); ++c) {
      if (c == schema_.rescued_column || c == schema_.corrupt_record_column) continue;
      column_misfits_.clear();
      if (HoldsObjects()) {
        converters_[c].AppendObjects(source_->records(), records, source_->header(),
                                     builder_.column(c), column_misfits_);
      } else {
        converters_[c].Append(source_->records(), records, map_.sources[c],
                              source_->is_valid_utf8(), builder_.column(c), column_misfits_);
      }
      for (std::uint32_t row : column_misfits_) misfits_.push_back({.row = row, .column = c});
    }
    std::ranges::stable_sort(misfits_, {}, &Misfit::row);
  }

  // A record with too few cells is malformed; one with too many or with a value that does not fit
  // is so only where nothing rescues them.
  void FindBadRows(std::span<const CsvRecord> records) {
    bad_rows_.clear();
    bool rescues = schema_.rescued_column.has_value();
    std::size_t next_misfit = 0;
    for (std::uint32_t i = 0; i < records.size(); ++i) {
      bool bad = !HoldsObjects() && (records[i].num_fields < map_.num_cells ||
                                     (!rescues && records[i].num_fields > map_.num_cells));
      while (next_misfit < misfits_.size() && misfits_[next_misfit].row == i) {
        bad |= !rescues;
        ++next_misfit;
      }
      if (bad) [[unlikely]]
        bad_rows_.push_back(i);
    }
  }

  // Takes the whole piece back, then appends it again without the bad records.
  Status AppendGoodRecords(std::span<const CsvRecord> records) {
    std::vector<CsvRecord> good;
    std::size_t next_bad = 0;
    for (std::uint32_t i = 0; i < records.size(); ++i) {
      if (next_bad == bad_rows_.size() || bad_rows_[next_bad] != i) {
        good.push_back(records[i]);
        continue;
      }
      ++next_bad;
      if (schema_.bad_record_sink) schema_.bad_record_sink(Describe(records[i]));
    }
    builder_.Truncate(num_rows_);
    Convert(good);
    bad_rows_.clear();
    AppendSpecialColumns(good);
    num_rows_ += static_cast<std::int64_t>(good.size());
    return Ok();
  }

  BadRecord Describe(const CsvRecord& record) const {
    std::string reason = "MALFORMED_CSV_RECORD: a value does not fit its column";
    if (record.num_fields != map_.num_cells) {
      reason = "MALFORMED_CSV_RECORD: it has " + std::to_string(record.num_fields) + " of " +
               std::to_string(map_.num_cells) + " columns";
    }
    return {.path = file_url_,
            .record = ValidUtf8({record.text, record.text_size}),
            .reason = std::move(reason)};
  }

  Status FailFast(const CsvRecord& record) const {
    std::string shown(record.text, std::min<std::size_t>(record.text_size, kShownBytes));
    Status failed = Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                         {{"badRecord", ValidUtf8(shown)}, {"failFastMode", "FAILFAST"}});
    return std::move(failed)
        .Context("read " + file_url_)
        .Hint("Set mode => 'PERMISSIVE' to read malformed records as NULL.");
  }

  void AppendSpecialColumns(std::span<const CsvRecord> records) {
    if (schema_.corrupt_record_column) {
      types::ColumnBuilder& column = builder_.column(*schema_.corrupt_record_column);
      std::size_t next_bad = 0;
      for (std::uint32_t i = 0; i < records.size(); ++i) {
        if (next_bad == bad_rows_.size() || bad_rows_[next_bad] != i) {
          column.AppendNull();
          continue;
        }
        ++next_bad;
        column.AppendBytes(ValidUtf8({records[i].text, records[i].text_size}));
      }
    }
    if (schema_.rescued_column) AppendRescued(records);
  }

  void AppendRescued(std::span<const CsvRecord> records) {
    types::ColumnBuilder& column = builder_.column(*schema_.rescued_column);
    std::size_t next_misfit = 0;
    for (std::uint32_t i = 0; i < records.size(); ++i) {
      rescued_.clear();
      for (; next_misfit < misfits_.size() && misfits_[next_misfit].row == i; ++next_misfit) {
        Rescue(records[i], map_.sources[misfits_[next_misfit].column]);
      }
      for (std::size_t cell : map_.unknown) Rescue(records[i], cell);
      for (std::size_t cell = map_.num_cells; cell < records[i].num_fields; ++cell) {
        Rescue(records[i], cell);
      }
      if (rescued_.empty()) {
        column.AppendNull();
        continue;
      }
      if (schema_.rescue_file_path) {
        rescued_ += ",\"_file_path\":";
        types::AppendJsonQuoted(file_url_, rescued_);
      }
      rescued_ += '}';
      column.AppendBytes(rescued_);
    }
  }

  // A cell under its name, or under `_cN` where the file announces none. Empty cells say nothing.
  void Rescue(const CsvRecord& record, std::size_t cell) {
    if (cell >= record.num_fields) return;
    const CsvField& field = source_->records().fields[record.first_field + cell];
    if (field.size == 0) return;
    rescued_ += rescued_.empty() ? '{' : ',';
    std::string positional;
    if (cell >= map_.cell_names.size()) positional = "_c" + std::to_string(cell);
    types::AppendJsonQuoted(positional.empty() ? map_.cell_names[cell] : positional, rescued_);
    rescued_ += ':';
    types::AppendJsonQuoted(field.text(), rescued_);
  }

  struct Misfit {
    std::uint32_t row = 0;
    std::size_t column = 0;
  };

  std::shared_ptr<const CsvOptions> options_;
  ReadSchema schema_;
  FileSplit split_;
  std::string file_url_;
  types::BatchBuilder builder_;
  std::vector<CsvColumnConverter> converters_;
  std::unique_ptr<CsvRecordSource> source_;
  ColumnMap map_;
  std::optional<CsvGuessCheck> guess_check_;  // With schema_.guess.
  bool is_width_unchecked_ = false;
  std::size_t next_record_ = 0;  // Of the source's piece.
  std::int64_t num_rows_ = 0;    // In builder_.

  std::vector<Misfit> misfits_;          // Of the piece at hand, by row.
  std::vector<std::uint32_t> bad_rows_;  // Of the piece at hand.
  std::vector<std::uint32_t> column_misfits_;
  std::string rescued_;
};

}  // namespace

Result<std::unique_ptr<types::BatchReader>> OpenCsvReader(
    const storage::ObjectStore& store, const FileSplit& split, const ReadSchema& schema,
    std::shared_ptr<const CsvOptions> options) {
  auto reader = std::make_unique<CsvReader>(std::move(options), schema, store, split);
  TRY(reader->Open(store));
  return reader;
}

}  // namespace inlet::formats
