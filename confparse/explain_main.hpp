// The sub-command "explain" of bossa-testparm.
#pragma once

namespace bossa::confparse {

/// `words[0]` is "explain". Gives the exit status.
[[nodiscard]] int explain_main(int count, char** words);

} // namespace bossa::confparse
