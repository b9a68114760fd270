import java.time.Instant;
import java.util.Date;
import java.util.TimeZone;
import org.quartz.CronExpression;

// Writes quartz.tsv: what Quartz 2.3.2 says of cron expressions. Columns: expression, zone, start,
// then up to five fire times in seconds since 1970, or ERROR.
// Run: java -cp 'quartz-2.3.2.jar:slf4j-api-1.7.7.jar' QuartzAnswers.java > quartz.tsv
class QuartzAnswers {
  static final String[] EXPRESSIONS = {
    "0 0 * * * ?", "0 0/15 * * * ?", "0 */20 * * * ?", "30 5 4 * * ?", "0 0 12 * * ?",
    "0 15 10 ? * *", "0 15 10 * * ? *", "0 15 10 * * ? 2025", "0 * 14 * * ?", "0 0/5 14 * * ?",
    "0 0/5 14,18 * * ?", "0 0-5 14 * * ?", "0 10,44 14 ? 3 WED", "0 15 10 ? * MON-FRI",
    "0 15 10 15 * ?", "0 15 10 L * ?", "0 15 10 L-2 * ?", "0 15 10 ? * 6L", "0 15 10 ? * 6#3",
    "0 0 12 1/5 * ?", "0 11 11 11 11 ?", "0 0 0 1 1 ?", "0 0 0 29 2 ?", "0 0 0 30 2 ?",
    "0 0 0 31 * ?", "0 0 0 15W * ?", "0 0 0 1W * ?", "0 0 0 LW * ?", "0 0 0 ? * L",
    "0 0 0 ? * FRI-MON", "0 0 22-2 * * ?", "0 0 0 ? NOV-FEB SUN", "5/15 * * * * ?", "/30 * * * * ?",
    "0 0 0 ? * 2#1", "0 0 0 ? * 1#5", "0 0 0 ? * FRI#2", "0 0 0 ? * TUEL", "0 30 2 * * ?",
    "0 0 6,18 ? * 2-6", "0 0 0 1,15,L * ?", "0 0 9 ? JAN,JUN MON", "0 0 9 ? jan mon",
    "0 0 0 1 * ? 2026/2", "0 0 0 1 1 ? 2024-2027", "* * * * * ?",
    "10-20/5 0 0 * * ?", "0 59 23 31 12 ?", "0 0 23 ? * SUN", "0 0 0 L-3W * ?",
    // Not right.
    "", "0 0 * * *", "0 0 * * * *", "0 0 * * ? ?", "60 0 * * * ?", "0 60 * * * ?", "0 0 24 * * ?",
    "0 0 0 32 * ?", "0 0 0 0 * ?", "0 0 0 * 13 ?", "0 0 0 * 0 ?", "0 0 0 ? * 8", "0 0 0 ? * 0",
    "0 0 0 ? * 6#6", "0 0 0 ? * 6#0", "0 0 0 L-31 * ?", "a 0 0 * * ?", "0 0 0 ? * FOO",
    "0 0 0 ? FOO MON", "0 0/61 * * * ?", "0 0 0 40W * ?",
  };
  static final String[][] STARTS = {
    {"UTC", "2024-02-27T10:20:30Z"},
    {"UTC", "2025-12-31T23:59:59Z"},
    {"Europe/Berlin", "2025-03-29T12:00:00Z"},
    {"Europe/Berlin", "2025-10-25T12:00:00Z"},
    {"America/New_York", "2026-03-08T05:00:00Z"},
    {"America/New_York", "2026-11-01T04:30:00Z"},
    {"Australia/Lord_Howe", "2025-04-05T10:00:00Z"},
    {"Asia/Kolkata", "2026-06-01T00:00:00Z"},
  };

  public static void main(String[] args) {
    for (String expression : EXPRESSIONS) {
      for (String[] start : STARTS) {
        StringBuilder line = new StringBuilder(expression + "\t" + start[0] + "\t");
        Instant at = Instant.parse(start[1]);
        line.append(at.getEpochSecond());
        try {
          CronExpression cron = new CronExpression(expression);
          cron.setTimeZone(TimeZone.getTimeZone(start[0]));
          Date time = Date.from(at);
          for (int i = 0; i < 5; ++i) {
            time = cron.getNextValidTimeAfter(time);
            if (time == null) break;
            line.append("\t" + time.getTime() / 1000);
          }
        } catch (Exception error) {
          line.append("\tERROR");
          System.out.println(line);
          break;
        }
        System.out.println(line);
      }
    }
  }
}
