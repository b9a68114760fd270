#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/testing.h"
#include "base/uuid.h"
#include "storage/object_store.h"

// What every ObjectStore promises, as one suite; the tests are in object_store_contract.cc, which
// each test program compiles once. A store joins it by
//   INSTANTIATE_TEST_SUITE_P(Local, ObjectStoreContract, testing::Values(StoreCase{...}), NameOf);
namespace inlet::storage {

struct StoreCase {
  std::string name;
  std::function<std::shared_ptr<ObjectStore>()> open;
  /// Where the tests may write, relative to the store's root, without slashes around it.
  std::string directory;
  /// More than what the store sends up in one piece.
  std::int64_t large_object_bytes = 12 << 20;
};

inline std::string NameOf(const testing::TestParamInfo<StoreCase>& info) { return info.param.name; }

inline void PrintTo(const StoreCase& store_case, std::ostream* out) { *out << store_case.name; }

class ObjectStoreContract : public testing::TestWithParam<StoreCase> {
 protected:
  void SetUp() override {
    store_ = GetParam().open();
    ASSERT_NE(store_, nullptr);
    base_ = GetParam().directory + "/contract-" + RandomUuid();
  }

  void TearDown() override {
    if (store_ == nullptr) return;
    EXPECT_THAT(store_->DeleteAll(base_), IsOk());
  }

  std::string Path(std::string_view name) const { return base_ + "/" + std::string(name); }

  void Put(std::string_view name, std::string_view bytes = "x") {
    ASSERT_THAT(store_->Put(Path(name), bytes, PutMode::kOverwrite), IsOk()) << name;
  }

  /// The paths that List() returns, relative to the base.
  std::vector<std::string> List(std::string_view prefix, ListOptions options = {}) {
    if (!options.start_after.empty()) options.start_after = Path(options.start_after);
    std::vector<std::string> names;
    for (const ObjectInfo& object : Value(store_->List(Path(prefix), options))) {
      EXPECT_TRUE(object.path.starts_with(base_ + "/")) << object.path;
      names.push_back(object.path.substr(base_.size() + 1));
    }
    return names;
  }

  std::string ReadAt(const ObjectReader& reader, ByteRange range) {
    std::string bytes(static_cast<std::size_t>(range.length), '\0');
    const std::int64_t done = Value(reader.ReadAt(range, bytes.data()));
    bytes.resize(static_cast<std::size_t>(done));
    return bytes;
  }

  std::shared_ptr<ObjectStore> store_;
  std::string base_;
};

}  // namespace inlet::storage
