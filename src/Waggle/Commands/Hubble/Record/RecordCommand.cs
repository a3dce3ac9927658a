using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Waggle.Cli;
using Waggle.Commands.Hubble.Printing;
using Waggle.Commands.Hubble.Settings;
using Waggle.Hubble.Protocol.Recorders;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;

namespace Waggle.Commands.Hubble.Record;

/// <summary><c>hubble record</c>: packets of chosen conversations into a pcap file on the node.</summary>
internal static class RecordCommand
{
    public static Verb Create(HubbleFlags tool)
    {
        const string Group = "Recorder flags";
        var filters = Operand.Many("filter", "\"SOURCE-PREFIX PORT DESTINATION-PREFIX PORT PROTOCOL\" or \"PROTOCOL PREFIX:PORT …\"; port 0 is any");
        var prefix = new Flag<string?>("--file-prefix", "beginning of the file's name (default hubble)") { Group = Group, HelpName = "PREFIX" };
        var length = new Flag<uint>("--max-capture-len", "bytes kept of each packet; 0: all that the datapath hands over") { Group = Group, HelpName = "BYTES" };
        var packets = new Flag<ulong>("--packet-limit", "stop after so many packets") { Group = Group, HelpName = "N" };
        var bytes = new Flag<ulong>("--bytes-limit", "stop after so many bytes") { Group = Group, HelpName = "N" };
        var time = new Flag<string?>("--time-limit", "stop after so long") { Group = Group, HelpName = "DURATION" };
        return new Verb("record", "Record packets of chosen conversations to a pcap file on the node")
        {
            Details = "Ask an agent, not the relay. A packet that matches one of the filters is recorded. The file lies on the node, in /var/run/cilium/pcaps.\nCtrl-C ends the recording and tells where the file is.",
            Operands = [filters],
            Flags = [prefix, length, packets, bytes, time],
            LongRunning = true,
            Examples =
            [
                new("hubble record \"192.168.1.0/24 0 10.0.0.0/16 80 TCP\"", "from a network to port 80 of another"),
                new("hubble record \"tcp 10.0.0.0/8:0\"", "all TCP of pods, in both directions"),
                new("kubectl -n kube-system exec ds/cilium -- hubble record --packet-limit 100 \"any 10.0.1.5/32\"", "a hundred packets of one pod"),
            ],
            Run = async (call, cancellation) =>
            {
                var start = new StartRecording
                {
                    Filesink = new FileSinkConfiguration { FilePrefix = call.Get(prefix) ?? "hubble" },
                    MaxCaptureLength = call.Get(length),
                    StopCondition = new StopCondition
                    {
                        BytesCapturedCount = call.Get(bytes),
                        PacketsCapturedCount = call.Get(packets),
                        TimeElapsed = Duration.FromTimeSpan(call.Get(time) is { } limit ? Durations.Parse(limit, "--time-limit") : TimeSpan.Zero),
                    },
                };
                start.Include.Add(RecordFilters.Parse(call.Get(filters) ?? []));
                return await RunAsync(call, HubbleSettings.Read(call, tool), start, cancellation).ConfigureAwait(false);
            },
        };
    }

    private static async Task<ExitCode> RunAsync(Call call, HubbleSettings settings, StartRecording start, CancellationToken cancellation)
    {
        var terminal = call.Terminal;
        using var channel = HubbleConnection.Open(settings);

        // Ctrl-C must not end the call: the answer to the stop request tells where the file is.
        var recording = channel.Duplex(HubbleMethods.Record, timeout: null, CancellationToken.None);
        await using (recording.ConfigureAwait(false))
        {
            await recording.SendAsync(new RecordRequest { Start = start }).ConfigureAwait(false);
            terminal.Note("Started recording. Press CTRL+C to stop.");
            using var stopping = cancellation.Register(() => _ = StopAsync(recording, terminal));
            var lost = 0UL;
            await foreach (var answer in recording.ReadAllAsync().ConfigureAwait(false))
            {
                var time = TimeFormats.Find("RFC3339")(answer.Time);
                switch (answer.ResponseTypeCase)
                {
                    case RecordResponse.ResponseTypeOneofCase.Running:
                        terminal.Out.Write($"{time} Status: {Statistics(answer.Running.Stats)}\n");
                        break;
                    case RecordResponse.ResponseTypeOneofCase.Stopped:
                        lost = answer.Stopped.Stats?.PacketsLost ?? 0;
                        terminal.Out.Write($"{time} Result: {Statistics(answer.Stopped.Stats)}\n{time} Output: {answer.Stopped.Filesink?.FilePath}\n");
                        break;
                }

                terminal.Out.Flush();
            }

            return lost > 0 ? ExitCode.Partial : ExitCode.Ok;
        }
    }

    private static async Task StopAsync(RpcDuplexCall<RecordRequest, RecordResponse> recording, Terminal terminal)
    {
        terminal.Note("Stopping recording...");
        try
        {
            await recording.SendAsync(new RecordRequest { Stop = new StopRecording() }).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            // It had ended by itself.
        }
    }

    private static string Statistics(RecordingStatistics? statistics)
    {
        var all = statistics ?? new RecordingStatistics();
        var text = string.Create(CultureInfo.InvariantCulture, $"{all.PacketsCaptured} packets ({all.BytesCaptured} bytes) written");
        return all.PacketsLost > 0 || all.BytesLost > 0 ? string.Create(CultureInfo.InvariantCulture, $"{text} and {all.PacketsLost} packets ({all.BytesLost} bytes) lost") : text;
    }
}
