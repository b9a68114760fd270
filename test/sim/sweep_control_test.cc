// A sweep that cannot fail shows nothing: each of these takes one protection away.

#include "base/testing.h"
#include "crash_sweep.h"

namespace inlet::sim {
namespace {

using storage::ListOptions;
using storage::ObjectInfo;
using storage::ObjectReader;
using storage::ObjectStore;
using storage::ObjectWriter;
using storage::PutMode;
using testing::Contains;
using testing::HasSubstr;

/// Everything as the store below does it.
class PassingStore : public ObjectStore {
 public:
  explicit PassingStore(std::shared_ptr<ObjectStore> inner) : inner_(std::move(inner)) {}

  const std::string& root_url() const override { return inner_->root_url(); }
  Result<std::string> Get(std::string_view path) const override { return inner_->Get(path); }
  Result<ObjectInfo> Head(std::string_view path) const override { return inner_->Head(path); }
  Result<std::unique_ptr<ObjectReader>> Open(const ObjectInfo& info) const override {
    return inner_->Open(info);
  }
  Result<std::vector<ObjectInfo>> List(std::string_view prefix,
                                       const ListOptions& options) const override {
    return inner_->List(prefix, options);
  }
  Status Put(std::string_view path, std::string_view bytes, PutMode mode) override {
    return inner_->Put(path, bytes, mode);
  }
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(std::string_view path) override {
    return inner_->OpenWriter(path);
  }
  Status Delete(std::string_view path) override { return inner_->Delete(path); }
  Status DeleteAll(std::string_view directory) override { return inner_->DeleteAll(directory); }
  Result<std::int64_t> RemoveLeftovers(std::string_view directory) override {
    return inner_->RemoveLeftovers(directory);
  }

 protected:
  std::shared_ptr<ObjectStore> inner_;
};

/// Objects appear in two steps, as on a disk without rename.
class TearingStore : public PassingStore {
 public:
  using PassingStore::PassingStore;

  Status Put(std::string_view path, std::string_view bytes, PutMode mode) override {
    TRY(inner_->Put(path, bytes.substr(0, bytes.size() / 2), mode));
    return inner_->Put(path, bytes, PutMode::kOverwrite);
  }
};

template <class Store>
storage::StoreWrapper Above() {
  return
      [](std::shared_ptr<ObjectStore> inner) { return std::make_shared<Store>(std::move(inner)); };
}

Flow Insert() {
  return {.setup = {Sql("CREATE TABLE t AS SELECT 1 AS a")},
          .action = {Sql("INSERT INTO t VALUES (2)")},
          .state = [](Life& life) { return life.Rows("SELECT * FROM t"); }};
}

TEST(SweepControl, ACommitThatAppearsInTwoStepsIsFound) {
  const SweepReport report =
      Sweep(Insert(), {.harms = {Harm::kKillAfter}, .above_faults = Above<TearingStore>()});
  EXPECT_THAT(report.failures, Contains(HasSubstr("a state that should not be")));
}

TEST(SweepControl, AnActionThatIsDoneTwiceIsFound) {
  Flow flow = Insert();
  flow.repeatable = true;
  const SweepReport report = Sweep(flow, {.harms = {Harm::kKillAfter}});
  EXPECT_THAT(report.failures, Contains(HasSubstr("run again it gives")));
}

TEST(SweepControl, SuccessWithoutEffectIsFound) {
  Flow flow = Insert();
  flow.action = {[](Life& life) -> Status {
    (void)life.Run("INSERT INTO t VALUES (2)").has_value();
    return Ok();
  }};
  const SweepReport report = Sweep(flow, {.harms = {Harm::kDiskFull}});
  EXPECT_THAT(report.failures, Contains(HasSubstr("success was reported, but the state is old")));
}

TEST(SweepControl, AFileLeftBehindIsFound) {
  Flow flow = Insert();
  flow.action.push_back(
      [](Life& life) -> Status { return File("tables/main/default/t/.inlet-left", "x")(life); });
  const SweepReport report = Sweep(flow, {.harms = {Harm::kKillBefore}});
  EXPECT_THAT(report.failures, Contains(HasSubstr("left behind")));
}

}  // namespace
}  // namespace inlet::sim
