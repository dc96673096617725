import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON, as RFC 8259 has it: maps, lists, strings, numbers, booleans, null. */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  static Object parse(String text) {
    Json json = new Json(text);
    Object value = json.value();
    json.space();
    if (json.at < text.length()) throw json.error("end");
    return value;
  }

  static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(out, value);
    return out.toString();
  }

  private IllegalArgumentException error(String wanted) {
    return new IllegalArgumentException("at " + at + ": wanted " + wanted);
  }

  private void space() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) at++;
  }

  private boolean take(char c) {
    space();
    if (at >= text.length() || text.charAt(at) != c) return false;
    at++;
    return true;
  }

  private void expect(char c) {
    if (!take(c)) throw error("'" + c + "'");
  }

  private Object value() {
    space();
    if (at >= text.length()) throw error("a value");
    switch (text.charAt(at)) {
      case '{': {
        Map<String, Object> map = new LinkedHashMap<>();
        at++;
        if (take('}')) return map;
        do {
          space();
          String name = string();
          expect(':');
          map.put(name, value());
        } while (take(','));
        expect('}');
        return map;
      }
      case '[': {
        List<Object> list = new ArrayList<>();
        at++;
        if (take(']')) return list;
        do list.add(value()); while (take(','));
        expect(']');
        return list;
      }
      case '"':
        return string();
      default:
        return word();
    }
  }

  private Object word() {
    int start = at;
    while (at < text.length() && "+-.eE".indexOf(text.charAt(at)) >= 0 | Character.isLetterOrDigit(text.charAt(at))) at++;
    String word = text.substring(start, at);
    switch (word) {
      case "true": return true;
      case "false": return false;
      case "null": return null;
      default:
        try {
          return word.matches("-?\\d{1,18}") ? (Object) Long.parseLong(word) : (Object) Double.parseDouble(word);
        } catch (NumberFormatException e) {
          throw error("a number");
        }
    }
  }

  private String string() {
    expect('"');
    StringBuilder out = new StringBuilder();
    for (;;) {
      if (at >= text.length()) throw error("'\"'");
      char c = text.charAt(at++);
      if (c == '"') return out.toString();
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char escaped = text.charAt(at++);
      int known = "bfnrt".indexOf(escaped);
      if (escaped == 'u') {
        out.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
        at += 4;
      } else out.append(known < 0 ? escaped : "\b\f\n\r\t".charAt(known));
    }
  }

  private static void write(StringBuilder out, Object value) {
    if (value instanceof Map<?, ?> map) {
      String between = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        write(out.append(between), entry.getKey().toString());
        write(out.append(':'), entry.getValue());
        between = ",";
      }
      out.append(map.isEmpty() ? "{}" : "}");
    } else if (value instanceof Iterable<?> list) {
      String between = "[";
      for (Object item : list) {
        write(out.append(between), item);
        between = ",";
      }
      out.append(between.equals("[") ? "[]" : "]");
    } else if (value instanceof CharSequence string) {
      out.append('"');
      string.chars().forEach(c -> {
        if (c == '"' || c == '\\') out.append('\\').append((char) c);
        else if (c < ' ') out.append(String.format("\\u%04x", c));
        else out.append((char) c);
      });
      out.append('"');
    } else out.append(value);
  }
}
