package differential;

import io.github.linuxforhealth.hl7.ConverterOptions;
import io.github.linuxforhealth.hl7.HL7ToFHIRConverter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Every `*.hl7` of one directory to `*.json` (the Bundle) or `*.error` (why there is none) in another. */
public final class Convert {
  public static void main(String[] args) throws Exception {
    Path in = Path.of(args[0]);
    Path out = Path.of(args[1]);
    HL7ToFHIRConverter converter = new HL7ToFHIRConverter();
    ConverterOptions options = new ConverterOptions.Builder().withValidateResource().withZoneIdText(args[2]).build();
    List<Path> files;
    try (Stream<Path> listed = Files.list(in)) {
      files = listed.filter(file -> file.toString().endsWith(".hl7")).sorted().collect(Collectors.toList());
    }
    for (Path file : files) {
      String name = file.getFileName().toString().replaceAll("\\.hl7$", "");
      String message = Files.readString(file, StandardCharsets.UTF_8);
      try {
        Files.writeString(out.resolve(name + ".json"), converter.convert(message, options));
      } catch (Exception | StackOverflowError error) {
        Files.writeString(out.resolve(name + ".error"), error.toString());
      }
    }
    System.out.println(files.size() + " messages");
  }
}
