#include "delta/conflict.h"

#include <algorithm>

#include "delta/file_skipping.h"
#include "delta/protocol.h"

namespace inlet::delta {
namespace {

constexpr std::string_view kRowTrackingDomain = "delta.rowTracking";

std::unexpected<Error> Conflict(Condition condition, const CommitActions& winner) {
  return Fail(condition, {{"version", std::to_string(winner.version)}});
}

/// Features whose arrival does not bind a writer that began before it.
bool IsHarmlessFeature(std::string_view name) {
  return name == "deletionVectors" || name == "v2Checkpoint" || name == "vacuumProtocolCheck" ||
         name == "inCommitTimestamp" || name == "domainMetadata";
}

Status CheckProtocol(const Snapshot& before, const CommitActions& winner,
                     const CommitActions& ours) {
  if (!winner.protocol || *winner.protocol == before.protocol()) return Ok();
  if (ours.protocol) return Conflict(Condition::DELTA_PROTOCOL_CHANGED, winner);
  const std::vector<std::string> had = SupportedFeatures(before.protocol());
  const std::vector<std::string> has = SupportedFeatures(*winner.protocol);
  const bool dropped = !std::ranges::includes(has, had);
  const bool binds = std::ranges::any_of(has, [&](const std::string& name) {
    return !std::ranges::binary_search(had, name) && !IsHarmlessFeature(name);
  });
  if (dropped || binds) return Conflict(Condition::DELTA_PROTOCOL_CHANGED, winner);
  return Ok();
}

/// Properties that a running writer need not know of.
bool IsHarmlessProperty(std::string_view key) {
  return key == "delta.enableDeletionVectors" || key == "delta.checkpointPolicy" ||
         key == "delta.enableInCommitTimestamps" ||
         key.starts_with("delta.inCommitTimestampEnablement");
}

bool OnlyHarmlessPropertiesDiffer(const Metadata& left, const Metadata& right) {
  if (left.id != right.id || left.schema_string != right.schema_string ||
      left.partition_columns != right.partition_columns) {
    return false;
  }
  const auto covered = [](const Properties& some, const Properties& others) {
    return std::ranges::all_of(some, [&](const auto& property) {
      const auto found = others.find(property.first);
      const bool same = found != others.end() && found->second == property.second;
      return same || IsHarmlessProperty(property.first);
    });
  };
  return covered(left.configuration, right.configuration) &&
         covered(right.configuration, left.configuration);
}

Status CheckMetadata(const Snapshot& before, const CommitActions& winner,
                     const CommitActions& ours) {
  if (!winner.metadata) return Ok();
  if (!ours.metadata) {
    if (OnlyHarmlessPropertiesDiffer(before.metadata(), *winner.metadata)) return Ok();
    if (winner.commit_info) {
      const auto& tags = winner.commit_info->tags;
      const auto moved_identity_marks = tags.find("delta.identity.schemaUpdate");
      if (moved_identity_marks != tags.end() && moved_identity_marks->second == "true") {
        return Ok();
      }
    }
  }
  return Conflict(Condition::DELTA_METADATA_CHANGED, winner);
}

Status CheckDomains(const CommitActions& winner, const CommitActions& ours) {
  for (const DomainMetadata& theirs : winner.domains) {
    for (const DomainMetadata& mine : ours.domains) {
      if (theirs.domain == mine.domain && theirs.domain != kRowTrackingDomain) {
        return Fail(Condition::DELTA_CONCURRENT_TRANSACTION,
                    {{"version", std::to_string(winner.version)}, {"name", mine.domain}});
      }
    }
  }
  return Ok();
}

Status CheckTransactions(const CommitActions& winner, const ReadSet& reads) {
  for (const SetTransaction& transaction : winner.transactions) {
    if (reads.app_ids.contains(transaction.app_id)) {
      return Fail(Condition::DELTA_CONCURRENT_TRANSACTION,
                  {{"version", std::to_string(winner.version)}, {"name", transaction.app_id}});
    }
  }
  return Ok();
}

bool AddsCount(const CommitActions& winner, const CommitActions& ours, IsolationLevel isolation) {
  if (isolation == IsolationLevel::kSnapshotIsolation) return false;
  if (isolation == IsolationLevel::kSerializable || ours.metadata) return true;
  const bool is_blind_append =
      winner.commit_info && winner.commit_info->is_blind_append.value_or(false);
  return !is_blind_append;
}

/// Tells by partition values whether a file can hold rows that the transaction asked for.
class ReadRows {
 public:
  ReadRows(const Snapshot& snapshot, const ReadSet& reads) : reads_(reads) {
    const Result<ColumnMappingMode> mode = ColumnMappingModeOf(snapshot.properties());
    for (const auto& predicates : reads.rows) {
      skippers_.emplace_back(snapshot.schema(), snapshot.partition_columns(),
                             mode.value_or(ColumnMappingMode::kNone), predicates,
                             types::TimeZone::Utc());
    }
  }
  bool MayHave(const PartitionValues& values) const {
    return reads_.whole_table || std::ranges::any_of(skippers_, [&](const FileSkipper& skipper) {
             return skipper.CanMatchPartition(values);
           });
  }

 private:
  const ReadSet& reads_;
  std::vector<FileSkipper> skippers_;
};

}  // namespace

Status CheckConflict(const Snapshot& read_from, const Snapshot& before, const CommitActions& winner,
                     const CommitActions& ours, const ReadSet& reads, IsolationLevel isolation) {
  TRY(CheckProtocol(before, winner, ours));
  TRY(CheckMetadata(before, winner, ours));
  TRY(CheckDomains(winner, ours));
  TRY(CheckTransactions(winner, reads));

  const ReadRows read_rows(read_from, reads);
  FileKeySet removed_by_us;
  for (const FileAction& file : ours.files) {
    if (const auto* remove = std::get_if<RemoveFile>(&file)) {
      removed_by_us.insert(KeyOf(*remove));
    }
  }
  const bool adds_count = AddsCount(winner, ours, isolation);
  for (const FileAction& file : winner.files) {
    const auto* add = std::get_if<AddFile>(&file);
    if (add != nullptr && adds_count && read_rows.MayHave(add->partition_values)) {
      return Conflict(Condition::DELTA_CONCURRENT_APPEND, winner);
    }
  }
  for (const FileAction& file : winner.files) {
    const auto* remove = std::get_if<RemoveFile>(&file);
    if (remove == nullptr) continue;
    const std::string key = KeyOf(*remove);
    const bool may_have_read = remove->extended_file_metadata || !remove->partition_values.empty()
                                   ? read_rows.MayHave(remove->partition_values)
                                   : !reads.rows.empty() || reads.whole_table;
    const bool is_read = reads.files.contains(key) || may_have_read;
    if (is_read || removed_by_us.contains(key)) {
      return Fail(is_read ? Condition::DELTA_CONCURRENT_DELETE_READ
                          : Condition::DELTA_CONCURRENT_DELETE_DELETE,
                  {{"version", std::to_string(winner.version)}, {"file", remove->path}});
    }
  }
  return Ok();
}

}  // namespace inlet::delta
