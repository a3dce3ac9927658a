using System.Globalization;
using System.Text.RegularExpressions;

namespace Waggle.Tests.Repository;

/// <summary>People alert on the ids of log messages (docs/logging.md): each is one message's, and stands where the table says.</summary>
public sealed partial class LogEventTests
{
    private static readonly IReadOnlyList<Message> Messages = [.. ReadMessages()];

    private static readonly IReadOnlyList<IdRange> Ranges = [.. ReadRanges()];

    [Fact]
    public void EveryMessage_HasAnId()
    {
        Assert.NotEmpty(Messages);
        Assert.Empty(Messages.Where(message => message.Id is null).Select(message => message.File));
    }

    [Fact]
    public void EveryId_BelongsToOneMessage()
    {
        var twice = Messages.GroupBy(message => message.Id).Where(same => same.Count() > 1);
        Assert.Empty(twice.Select(same => $"{same.Key}: {string.Join(", ", same.Select(message => message.File))}"));
    }

    [Fact]
    public void EveryId_StandsInARangeOfItsPlace()
    {
        var astray = Messages.Where(message => message.Id is { } id && !Ranges.Any(range => range.Holds(id) && range.Covers(message.File)));
        Assert.Empty(astray.Select(message => $"{message.Id} in {message.File}"));
    }

    [Fact]
    public void EveryRange_IsOneRowsAndInUse()
    {
        Assert.Empty(Ranges.SelectMany(range => Ranges.Where(other => other != range && range.First <= other.First && other.First <= range.Last).Select(other => $"{other.First}–{other.Last} and {range.First}–{range.Last}")));
        Assert.Empty(Ranges.Where(range => !Messages.Any(message => message.Id is { } id && range.Holds(id))).Select(range => $"{range.First}–{range.Last}"));
    }

    private static IEnumerable<Message> ReadMessages() =>
        from file in SourceTree.Files("src", "*.cs")
        from match in Attribute().Matches(File.ReadAllText(Path.Combine(SourceTree.Root, file)))
        let id = match.Groups["id"]
        select new Message(file, id.Success ? int.Parse(id.ValueSpan, CultureInfo.InvariantCulture) : null);

    private static IEnumerable<IdRange> ReadRanges() =>
        from line in File.ReadLines(Path.Combine(SourceTree.Root, "docs/logging.md"))
        let row = Row().Match(line)
        where row.Success
        let places = Place().Matches(row.Groups["places"].Value).Select(place => place.Groups[1].Value).ToArray()
        from range in row.Groups["ids"].Value.Split(", ")
        let ends = range.Split('–').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray()
        select new IdRange(ends[0], ends[^1], places);

    [GeneratedRegex(@"\[LoggerMessage(?:\(\s*(?:EventId\s*=\s*)?(?<id>[0-9]+))?")]
    private static partial Regex Attribute();

    [GeneratedRegex(@"^\| (?<ids>[0-9–, ]+) \|[^|]*\|(?<places>[^|]*)\|$")]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Place();

    /// <param name="File">Where it stands, relative to the root.</param>
    /// <param name="Id">Null: it has none, and the generator makes one of its name.</param>
    private sealed record Message(string File, int? Id);

    private sealed record IdRange(int First, int Last, string[] Places)
    {
        public bool Holds(int id) => id >= First && id <= Last;

        public bool Covers(string file) => Places.Any(place => file == place || file.StartsWith(place + "/", StringComparison.Ordinal));
    }
}
