package aorta.bench;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * One peer in one round. Speaks the protocol of {@code benchmarks/peers/README.md}: the task comes in the environment,
 * the line {@code ready} goes out, and the line {@code stop} or the end of the input ends it.
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    try {
      Running running = Programs.start(args[0], Task.fromEnvironment());
      say("ready");
      boolean asked = stopAsked();
      running.stop();
      System.exit(asked ? 0 : 1);
    } catch (Exception cause) {
      fail(cause);
    }
  }

  /** Ends the process: the runner's report shows why. Safe from any thread. */
  static void fail(Throwable cause) {
    cause.printStackTrace();
    say("failed " + String.valueOf(cause).replaceAll("\\s+", " "));
    Runtime.getRuntime().halt(1);
  }

  /** False: the runner is gone, and nobody measures any more. */
  private static boolean stopAsked() throws java.io.IOException {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      if (line.strip().equals("stop")) return true;
    }
    return false;
  }

  private static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
