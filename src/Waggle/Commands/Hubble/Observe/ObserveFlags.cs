using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Waggle.Cli;
using Waggle.Commands.Hubble.Printing;
using Waggle.Commands.Hubble.Settings;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;

namespace Waggle.Commands.Hubble.Observe;

/// <summary>What <c>observe</c> and its commands take besides filters: how much, in which form, from where.</summary>
internal sealed class ObserveFlags
{
    private const string Selectors = "Selector flags", Formatting = "Formatting flags", Raw = "Raw filter flags", Other = "Other flags";
    private const ulong Vanilla = 20;

    /// <summary>Fields that the text forms show.</summary>
    private static readonly string[] VisibleFields =
    [
        "time", "source.identity", "source.namespace", "source.pod_name", "destination.identity", "destination.namespace", "destination.pod_name", "source_service", "destination_service", "source_names",
        "destination_names", "l4", "IP", "ethernet", "l7", "Type", "node_name", "is_reply", "event_type", "verdict", "Summary", "policy_match_type", "traffic_direction", "sock_xlate_point", "auth_type",
        "drop_reason_desc", "drop_reason_text", "egress_allowed_by", "ingress_allowed_by", "egress_denied_by", "ingress_denied_by",
    ];

    private readonly Flag<bool> _all = new("--all", "everything the server has; better together with filters") { Group = Selectors };
    private readonly Flag<ulong> _last = new("--last", "the newest N (default 20); of a relay, N of each node") { Group = Selectors, HelpName = "N" };
    private readonly Flag<ulong> _first = new("--first", "the oldest N; of a relay, N of each node") { Group = Selectors, HelpName = "N" };
    private readonly Flag<bool> _follow = new("--follow", "go on with what comes", "-f") { Group = Selectors };
    private readonly Flag<string?> _since = new("--since", "from then on: how long ago (3s, 4m, 1h43m) or a date (2006-01-02, 2006-01-02T15Z, 2006-01-02T15:04:05+02:00, \"Jan 2 15:04:05.000\")") { Group = Selectors, HelpName = "TIME" };
    private readonly Flag<string?> _until = new("--until", "until then; times as for --since") { Group = Selectors, HelpName = "TIME" };
    private readonly Flag<string[]> _allow = new("--allowlist", "filters of the protocol as JSON") { Group = Raw, HelpName = "JSON" };
    private readonly Flag<string[]> _deny = new("--denylist", "filters of the protocol as JSON: what they take is left out") { Group = Raw, HelpName = "JSON" };
    private readonly Flag<string?> _output = new("--output", "compact, dict, json, jsonpb or table (default compact)", "-o") { Group = Formatting, HelpName = "FORMAT", Values = _ => PrintOptions.Formats.Select(format => new Candidate(format)) };
    private readonly Flag<bool> _nodeName = new("--print-node-name", "tell the node") { Group = Formatting };
    private readonly Flag<bool> _policyNames = new("--print-policy-names", "tell which policies allowed or denied") { Group = Formatting };
    private readonly Flag<string?> _timeFormat = new("--time-format", "form of times; JSON keeps its own (default StampMilli)") { Group = Formatting, HelpName = "FORMAT", Values = _ => TimeFormats.All.Select(each => new Candidate(each.Name, each.Example)) };
    private readonly Flag<bool> _numeric = new("--numeric", "addresses instead of names") { Group = Formatting };
    private readonly Flag<bool> _translation = new("--ip-translation", "names of pods, services and DNS instead of addresses (default true)") { Group = Formatting, Default = true };
    private readonly Flag<bool> _silent = new("--silent-errors", "no word of errors and warnings of nodes", "-s") { Group = Other };
    private readonly Flag<bool> _printFilters = new("--print-raw-filters", "print the filters as JSON in YAML, ready for a configuration file, and do nothing else") { Group = Other };
    private readonly Flag<string?> _inputFile = new("--input-file", "read flows from this file of JSON lines instead of a server; - is standard input") { Group = Other, HelpName = "FILE" };
    private readonly Flag<string[]> _mask = new("--field-mask", "ask only for these fields (JSON output); commas between them", "--experimental-field-mask") { Group = Other, HelpName = "FIELDS" };
    private readonly Flag<bool> _useMask = new("--use-default-field-masks", "ask only for the fields that the form shows", "--experimental-use-default-field-masks") { Group = Other };

    /// <summary>For <c>observe</c> and <c>observe flows</c>.</summary>
    public IReadOnlyList<IFlag> Flows => [.. ForEvents[..6], .. FilterFlags.Create(), _allow, _deny, _output, _nodeName, _policyNames, _timeFormat, _numeric, _translation, _inputFile, _printFilters, _silent, _mask, _useMask];

    /// <summary>For agent and debug events.</summary>
    public IReadOnlyList<IFlag> Events => [.. ForEvents];

    public string? InputFile(Call call) => call.Get(_inputFile);

    public bool PrintsFilters(Call call) => call.Get(_printFilters);

    public bool Follows(Call call) => call.Get(_follow);

    /// <exception cref="CliException">Flags contradict each other, or a value cannot be read.</exception>
    public PrintOptions Print(Call call, bool debug)
    {
        var format = PrintOptions.ParseFormat(call.Get(_output) ?? "compact");
        if (format == EventFormat.Table && call.Get(_follow))
        {
            throw CliException.Usage("--output table cannot be used with --follow", "The width of a table's columns is known at its end only; compact follows.");
        }

        var time = TimeFormats.Find(call.Get(_timeFormat) ?? "StampMilli");
        return new PrintOptions(format, time, call.Get(_nodeName), call.Get(_policyNames), call.Get(_translation) && !call.Get(_numeric), debug, call.Get(_silent), call.Terminal.OutStyle);
    }

    /// <exception cref="CliException">Flags contradict each other, or a value cannot be read.</exception>
    public GetFlowsRequest Request(Call call, HubbleSettings settings, DateTimeOffset now)
    {
        var (allow, deny) = FilterParser.Parse(call.TypedFlags());
        var (number, since, until) = Select(call, now, fromFile: InputFile(call) is not null);
        var request = new GetFlowsRequest { Number = number, First = call.Get(_first) > 0, Follow = call.Get(_follow), Since = since, Until = until };
        request.Whitelist.Add(allow);
        request.Whitelist.Add(RawFilters("--allowlist", call.Has(_allow) ? call.Get(_allow) ?? [] : settings.List("allowlist")));
        request.Blacklist.Add(deny);
        request.Blacklist.Add(RawFilters("--denylist", call.Has(_deny) ? call.Get(_deny) ?? [] : settings.List("denylist")));
        AddMask(call, request);
        return request;
    }

    public (ulong Number, Timestamp? Since, Timestamp? Until) SelectEvents(Call call, DateTimeOffset now) => Select(call, now, fromFile: false);

    public bool OldestFirst(Call call) => call.Get(_first) > 0;

    private IFlag[] ForEvents => [_all, _last, _first, _follow, _since, _until, _output, _nodeName, _policyNames, _timeFormat, _silent];

    private (ulong Number, Timestamp? Since, Timestamp? Until) Select(Call call, DateTimeOffset now, bool fromFile)
    {
        ulong first = call.Get(_first), last = call.Get(_last);
        bool all = call.Get(_all), follow = call.Get(_follow);
        foreach (var (both, one, other) in new[] { (first > 0 && last > 0, "first", "last"), (first > 0 && all, "first", "all"), (first > 0 && follow, "first", "follow"), (last > 0 && all, "last", "all") })
        {
            if (both)
            {
                throw CliException.Usage($"--{one} and --{other} cannot be combined");
            }
        }

        var since = call.Get(_since) is { Length: > 0 } from ? TimeFormats.Parse(from, "--since", now) : null;
        var until = call.Get(_until) is { Length: > 0 } to && !follow ? TimeFormats.Parse(to, "--until", now) : null;
        if (since is not null && until is not null && until < since)
        {
            throw CliException.Usage("--until lies before --since");
        }

        var number = first > 0 ? first : last;
        if (number == 0 && since is null && until is null)
        {
            number = all ? ulong.MaxValue : follow || fromFile ? 0 : Vanilla;
        }

        return (number, since, until);
    }

    private void AddMask(Call call, GetFlowsRequest request)
    {
        string[] fields = [.. (call.Get(_mask) ?? []).SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        var json = PrintOptions.ParseFormat(call.Get(_output) ?? "compact") == EventFormat.Json;
        if (fields.Length > 0 && !json)
        {
            throw CliException.Usage("--field-mask needs JSON output", "The text forms show fixed fields; --use-default-field-masks asks for those alone.");
        }

        fields = fields.Length == 0 && !json && call.Get(_useMask) ? VisibleFields : fields;
        foreach (var field in fields)
        {
            if (!FieldMask.IsValid<Flow>(field))
            {
                throw CliException.Usage($"--field-mask cannot contain \"{field}\"", $"A flow has no such field. Did you mean \"{Suggestions.Nearest(field.Split('.')[0], Flow.Descriptor.Fields.InDeclarationOrder().Select(each => each.Name))}\"?");
            }
        }

        if (fields.Length > 0)
        {
            request.FieldMask = new FieldMask { Paths = { fields } };
        }
    }

    // One argument may hold several objects, one after the other or in a list.
    private static IEnumerable<FlowFilter> RawFilters(string flag, IEnumerable<string> texts)
    {
        var parser = new JsonParser(JsonParser.Settings.Default);
        foreach (var text in texts)
        {
            foreach (var json in JsonPieces.Split(text, flag))
            {
                FlowFilter filter;
                try
                {
                    filter = parser.Parse<FlowFilter>(json);
                }
                catch (Exception wrong) when (wrong is InvalidProtocolBufferException or InvalidJsonException or FormatException)
                {
                    throw CliException.Usage($"{flag}: {wrong.Message}", string.Create(CultureInfo.InvariantCulture, $"It is a FlowFilter in JSON, such as {{\"source_pod\":[\"default/\"]}}."));
                }

                yield return filter;
            }
        }
    }
}
