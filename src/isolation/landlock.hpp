// Landlock domains, landlock(7): which directories the files lie in that a thread may open.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bossa::isolation {

/// The kernel's version of the interface; 0: it has none, or none that is switched on.
[[nodiscard]] int landlock_version();
/// Version 1 refuses every rename from one directory to another.
inline constexpr int least_landlock_version = 2;

/// A directory as one file system object, by which it is known again under the same path.
struct RootKey {
  std::uint64_t device = 0, inode = 0, mount = 0;
  friend bool operator==(const RootKey&, const RootKey&) = default;
};

/// Below `roots` everything but running programs and device control; elsewhere no file is opened, made, moved or removed. No TCP connection is
/// made and no port taken. Attributes are left to the user's rights: Landlock does not judge stat, chmod, chown and xattr calls.
class Ruleset {
 public:
  struct Root {
    std::string path;
    RootKey key;
  };
  struct Wanted {
    std::string path;
    bool any_links = true;  ///< false: clients may have had a hand in it, so only the administrator's symbolic links are followed (open_trusted())
  };
  /// Roots that are no directory just now are left out. Null on failure, then `problem` holds one sentence.
  [[nodiscard]] static std::shared_ptr<const Ruleset> build(const std::vector<Wanted>& roots, std::string& problem);
  ~Ruleset();
  Ruleset(const Ruleset&) = delete;
  Ruleset& operator=(const Ruleset&) = delete;
  [[nodiscard]] const std::vector<Root>& roots() const { return roots_; }
  /// From now on, for the calling thread and what it starts; for good. Empty, or one sentence.
  [[nodiscard]] std::string apply() const;

 private:
  explicit Ruleset(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
  std::vector<Root> roots_;
};

/// What the path leads to just now; all zero when it leads to no directory.
[[nodiscard]] RootKey root_key(const std::string& path);

}  // namespace bossa::isolation
