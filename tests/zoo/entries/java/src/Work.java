import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** What the machine and the runtime are asked to do: faults, locks, garbage, arithmetic. */
final class Work {
  static Map<String, Object> hashes(byte[] body) throws Exception {
    Map<String, Object> all = new TreeMap<>();
    for (String name : List.of("MD5", "SHA-1", "SHA-256", "SHA-512")) {
      all.put(name, HexFormat.of().formatHex(MessageDigest.getInstance(name).digest(body)));
    }
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec("key".getBytes(), "HmacSHA256"));
    all.put("hmac", HexFormat.of().formatHex(mac.doFinal(body)));
    CRC32 crc = new CRC32();
    crc.update(body);
    all.put("crc32", crc.getValue());
    return all;
  }

  static Map<String, Object> maps(int rounds) {
    Map<String, Integer> map = new HashMap<>();
    Random random = new Random(42);
    for (int i = 0; i < rounds; i++) map.merge("key" + random.nextInt(997), i, (a, b) -> (a * 31 + b) & 0xffffff);
    long sum = 0;
    for (Map.Entry<String, Integer> e : new TreeMap<>(map).entrySet()) sum = sum * 31 + e.getKey().hashCode() + e.getValue();
    return Server.object("size", map.size(), "sum", sum, "squares", IntStream.range(0, rounds).parallel().mapToLong(i -> (long) i * i).sum());
  }

  static Map<String, Object> strings(int rounds) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < rounds; i++) text.append(i % 7 == 0 ? "grüß" : "abc").append(i);
    String all = text.toString();
    return Server.object("hash", all.hashCode(), "upper", all.toUpperCase().chars().sum(), "swapped", "a1b22c333".replaceAll("([a-z])(\\d+)", "$2$1"),
        "format", String.format("%08.3f|%-6s|%x", Math.E, "left", 255), "words", "to be or not to be".chars().mapToObj(c -> "" + (char) c).sorted().collect(Collectors.joining()));
  }

  private static final class Node {
    Node next;
    int value;
  }

  /** The checks that HotSpot leaves to the processor: null, division; and those that it compiles to jumps to handlers. */
  static Map<String, Object> faults(int rounds) {
    Node whole = new Node(), broken = new Node();
    whole.next = new Node();
    whole.next.next = new Node();
    int[] array = new int[10];
    int nulls = 0, bounds = 0, divisions = 0, casts = 0;
    for (int i = 0; i < rounds; i++) {
      Node node = i % 3 == 0 ? broken : whole;
      try {
        node.next.next.value++;
      } catch (NullPointerException e) {
        nulls++;
      }
      try {
        array[i % 13]++;
      } catch (ArrayIndexOutOfBoundsException e) {
        bounds++;
      }
      try {
        array[0] += i / (i % 11);
      } catch (ArithmeticException e) {
        divisions++;
      }
      try {
        Object o = i % 5 == 0 ? "text" : Integer.valueOf(i);
        array[1] += (Integer) o;
      } catch (ClassCastException e) {
        casts++;
      }
    }
    return Server.object("nulls", nulls, "bounds", bounds, "divisions", divisions, "casts", casts, "sums", List.of(array[0], array[1], whole.next.next.value));
  }

  private static int depth;

  private static int deeper(int n) {
    depth++;
    return deeper(n + 1) + 1;
  }

  /** Overflows the stack three times, in a thread of its own. */
  static Map<String, Object> recurse() throws InterruptedException {
    List<Object> deep = new ArrayList<>();
    Thread thread = new Thread(null, () -> {
      for (int i = 0; i < 3; i++) {
        depth = 0;
        try {
          deeper(0);
        } catch (StackOverflowError e) {
          deep.add(depth > 500);
        }
      }
    }, "deep", 256 << 10);
    thread.start();
    thread.join();
    return Server.object("overflows", deep);
  }

  static Map<String, Object> threads(int count) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(count);
    AtomicLong total = new AtomicLong();
    Object lock = new Object();
    int[] locked = new int[1];
    ArrayBlockingQueue<Integer> queue = new ArrayBlockingQueue<>(4);
    List<Callable<Integer>> tasks = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      int id = t;
      tasks.add(() -> {
        for (int i = 0; i < 2000; i++) {
          total.addAndGet(i);
          synchronized (lock) {
            locked[0]++;
          }
        }
        return id * id;
      });
    }
    Thread producer = new Thread(() -> {
      try {
        for (int i = 0; i < 200; i++) queue.put(i);
        queue.put(-1);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    producer.start();
    int squares = 0, taken = 0;
    for (Future<Integer> future : pool.invokeAll(tasks)) squares += future.get();
    for (int next; (next = queue.take()) >= 0;) taken += next;
    pool.shutdown();
    boolean[] interrupted = new boolean[1];
    Thread sleeper = new Thread(() -> {
      try {
        Thread.sleep(100_000);
      } catch (InterruptedException e) {
        interrupted[0] = true;
      }
    });
    sleeper.start();
    sleeper.interrupt();
    sleeper.join();
    return Server.object("total", total.get(), "locked", locked[0], "squares", squares, "taken", taken, "interrupted", interrupted[0]);
  }

  /** Makes so many megabytes of garbage around a window that is kept; then asks for more than there can be. */
  static Map<String, Object> garbage(int megabytes) {
    ArrayDeque<byte[]> kept = new ArrayDeque<>();
    long bytes = 0;
    int check = 0;
    for (int i = 0; bytes < (long) megabytes << 20; i++) {
      byte[] block = new byte[1 + i * 37 % 9000];
      block[block.length - 1] = (byte) i;
      kept.add(block);
      bytes += block.length;
      if (kept.size() > 300) kept.poll();
    }
    for (byte[] block : kept) check += block[block.length - 1];
    System.gc();
    String limit = "none";
    try {
      check += new long[1 << 28].length;
    } catch (OutOfMemoryError e) {
      limit = e.getMessage();
    }
    return Server.object("bytes", bytes, "check", check, "limit", limit);
  }

  static Map<String, Object> numbers() {
    double sum = 0;
    for (int i = 1; i < 20000; i++) sum += Math.sin(i) * Math.sqrt(i) / Math.log(i + 1) + (float) i % 3;
    return Server.object("sum", sum, "casts", List.of((int) Double.NaN, (long) 1e300, (int) (char) 65.7f, (byte) 300), "power", new BigInteger("3").pow(500),
        "seventh", new BigDecimal("1").divide(new BigDecimal("7"), 40, RoundingMode.HALF_UP), "sines", IntStream.range(1, 9).mapToObj(Math::sin).toList(),
        "shifts", List.of(-1 >>> 28, -1L >>> 60, 1 << 33, Integer.reverse(12345), Long.bitCount(0x123456789abcdefL), Math.floorMod(-7, 3)));
  }
}
