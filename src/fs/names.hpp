// "Which entry is this name, ignoring case": the one interface; nobody else lists a directory to find a name.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/result.hpp"
#include "src/fs/stat.hpp"

namespace bossa::fs {

/// Folded indexes of directories, bounded in entries and directories; thread-safe; shared by all volumes. On local file systems
/// an index is kept exact by inotify, so 200 creates in a directory of 100,000 entries cost one scan; elsewhere (and when no
/// watch can be had) it is believed only while the directory's ctime stands still and is old enough.
class NameIndex {
 public:
  struct Limits {
    std::size_t directories = 2048;
    std::size_t names = 2'000'000;
  };
  NameIndex();
  explicit NameIndex(Limits limits);
  ~NameIndex();
  NameIndex(const NameIndex&) = delete;
  NameIndex& operator=(const NameIndex&) = delete;

  /// The entry of `directory` (readable or O_PATH descriptor) that equals `name` ignoring case, or whose mangled form is `name`;
  /// nothing if there is none. The caller has already tried the exact name. Entries differing only in case: the first the file
  /// system lists. Runs under the caller's identity; ACCESS_DENIED when the directory cannot be listed.
  [[nodiscard]] Result<std::optional<std::string>> find(int directory, std::string_view name, bool local);

  /// How many full directory scans were made; for tests and metrics.
  [[nodiscard]] std::size_t scans() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bossa::fs
