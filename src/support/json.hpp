// JSON as text, written from its beginning to its end.
//
// Not nlohmann's values: they allocate when they are destroyed, and end the program where there is no memory for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faltung::internal {

/// Values come one after the other; inside an object each after its key. Strings are UTF-8.
class JsonText {
 public:
  template <class Members>
  void object(Members&& members) {
    begin('{');
    members();
    end('}');
  }
  template <class Items>
  void array(Items&& items) {
    begin('[');
    items();
    end(']');
  }
  JsonText& key(std::string_view name);
  void string(std::string_view text);
  void number(std::int64_t value);
  void boolean(bool value);
  void strings(const std::vector<std::string>& list);
  void numbers(const std::vector<std::int64_t>& list);

  /// The whole, with a line's end.
  std::string take() && { return std::move(text_ += '\n'); }

 private:
  void begin(char bracket);
  void end(char bracket);
  void place();
  void line();
  void quoted(std::string_view text);

  std::string text_;
  std::size_t depth_ = 0;
  bool first_ = true;       // of what it stands in
  bool after_key_ = false;  // on the key's line
};

}  // namespace faltung::internal
