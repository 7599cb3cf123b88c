// One administrator's change to a configuration file, as a minimal edit of its text: comments, order and unknown lines stay.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bossa::confparse {

struct SectionEdit {
  enum class Kind {
    add,     ///< a new share with these values, at the end of the file
    update,  ///< values of a share that is there; nothing takes the line out
    remove,  ///< the share with all its lines
    global,  ///< values of [global]
  };
  Kind kind = Kind::update;
  std::string share;
  std::vector<std::pair<std::string, std::optional<std::string>>> values;  ///< in the names of the file's own language
};

/// The text of an smb.conf after the change; on failure `error` says why and the text is empty. Only shares of this very file can
/// be changed, not those that it includes. A name that is set twice keeps its last line, the others go.
[[nodiscard]] std::string edited_samba(std::string_view text, const SectionEdit& edit, std::string& error);

namespace fusion {
/// The same for a Fusion configuration.
[[nodiscard]] std::string edited(std::string_view text, const SectionEdit& edit, std::string& error);
}  // namespace fusion

}  // namespace bossa::confparse
