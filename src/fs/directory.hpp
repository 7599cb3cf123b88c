// Enumeration for QUERY_DIRECTORY: one cursor per open directory; every entry once over many requests.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/fs/dos_attributes.hpp"
#include "src/fs/file.hpp"
#include "src/wire/fscc.hpp"

namespace bossa::fs {

/// What of each entry the information class shows: fewer system calls for the name-only class.
enum class EntryDetail { names, attributes, eas };
class SidMapper;

/// A walk over one directory handle. Not thread-safe: one request at a time per Open (the Open's mutex). Keeps the first pattern
/// until restarted with a new one. Entries made or removed meanwhile may or may not show; none shows twice.
class DirectoryCursor {
 public:
  /// Opens the directory again for listing, so that the position is the cursor's own. ACCESS_DENIED if the user may not list.
  [[nodiscard]] static Result<DirectoryCursor> open(const FileHandle& directory);

  /// From the beginning, with this pattern (DOS wildcards, UTF-8; "" means "*"). `reopen` (SMB2_REOPEN): as if just opened, so that
  /// no match is NO_SUCH_FILE again; after a mere restart it is NO_MORE_FILES.
  void restart(std::string_view pattern, bool reopen = false);
  [[nodiscard]] const std::string& pattern() const { return pattern_; }
  [[nodiscard]] bool started() const { return started_; }

  /// Appends entries of the class until the buffer of `max_length` is full or nothing is left; `single`: at most one.
  /// Value: SUCCESS with at least one entry in `out`. Failures: NO_SUCH_FILE (first scan without any match), NO_MORE_FILES,
  /// INFO_LENGTH_MISMATCH (max_length is below the class's fixed part, or too small for the next entry, which stays for the next
  /// call; smbd answers the same).
  /// `sids` is needed for the class of the POSIX extensions.
  /// `out` is appended to; offsets count from its size at the call.
  [[nodiscard]] Outcome fill(wire::DirectoryClass info_class, std::size_t max_length, bool single, ByteVector& out, const SidMapper* sids = nullptr);

  /// One entry, for callers of their own (deletion checks, tests). False at the end.
  [[nodiscard]] Result<bool> next(EntryDetail detail, wire::DirectoryFacts& facts);

 private:
  DirectoryCursor() = default;
  struct Raw {
    std::string name;
    std::uint64_t inode;
    unsigned char type;
  };
  Result<bool> next_raw(Raw& raw);
  bool wanted(const Raw& raw, const std::string& shown) const;
  bool describe(const Raw& raw, EntryDetail detail, wire::DirectoryFacts& facts);
  bool describe_posix(const Raw& raw, wire::DirectoryFacts& facts);
  bool describe_symlink(const Raw& raw, EntryDetail detail, wire::DirectoryFacts& facts);
  bool reload();
  [[nodiscard]] bool aliases() const;  ///< names have 8.3 forms

  VolumePtr volume_;
  Fd fd_;
  std::string path_;  ///< canonical path of the directory
  std::string pattern_ = "*";
  std::string exact_;  ///< pattern without wildcards
  bool match_all_ = true, started_ = false, any_ = false, at_end_ = false;  ///< any_: an entry was given, or this is not the first scan
  bool has_getxattrat_ = true;
  bool posix_ = false;                 ///< opened with the POSIX context: links are links, names are as on disk
  const SidMapper* sids_ = nullptr;    ///< during fill()
  int dots_ = 0;       ///< "." and ".." already given
  std::vector<char> buffer_;
  std::size_t position_ = 0, filled_ = 0;
  std::deque<wire::DirectoryFacts> held_;  ///< an entry that did not fit
};

}  // namespace bossa::fs
