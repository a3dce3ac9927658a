using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Protocol.Recorders;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Hubble.Recording;

/// <summary>The service <c>recorder.Recorder</c>: one recording for each call, which ends with the call at the latest.</summary>
/// <param name="folder">Where the files go.</param>
/// <param name="queue">Packets that may wait for the disk.</param>
/// <param name="maxBytes">Bytes of packets that one file may have, whatever the client says; 0: no limit.</param>
/// <param name="maxTime">How long one recording may go on, whatever the client says; zero: no limit.</param>
public sealed partial class RecorderServer(PacketRecorder recorder, string node, string folder, int queue, TimeProvider time, ulong maxBytes = 0, TimeSpan maxTime = default)
{
    /// <summary>No packet is longer: 64 KiB of a datagram and its Ethernet header.</summary>
    internal const uint WholePacket = 65_536;

    private static readonly TimeSpan Report = TimeSpan.FromSeconds(1);

    public void AddTo(RpcServer server)
    {
        server.Describe(RecorderReflection.Descriptor.Services[0]);
        server.AddDuplex(HubbleMethods.Record, ServeAsync);
    }

    private async Task ServeAsync(IAsyncEnumerable<RecordRequest> requests, IRpcWriter<RecordResponse> responses, RpcServerCall call)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
        IAsyncEnumerator<RecordRequest> incoming = requests.GetAsyncEnumerator(done.Token);
        if (!await incoming.MoveNextAsync().ConfigureAwait(false) || incoming.Current.Start is not { } start)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, "the first request must start a recording");
        }

        // Whatever comes next, a stop or the end of the client's stream, ends the recording. Nobody may be reading when the call ends
        // for another reason: the reading then ends with the request.
        Task next = incoming.MoveNextAsync().AsTask();
        try
        {
            await RecordAsync(start, next, responses, call).ConfigureAwait(false);
        }
        finally
        {
            await done.CancelAsync().ConfigureAwait(false);
            _ = next.ContinueWith(static read => read.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    private async Task RecordAsync(StartRecording start, Task stop, IRpcWriter<RecordResponse> responses, RpcServerCall call)
    {
        (Recording recording, string path, FileStream file) = Open(start);
        bool began = false;
        PcapWriter pcap = await PcapWriter.CreateAsync(new BufferedStream(file, 64 * 1024), start.MaxCaptureLength > 0 ? Math.Min(start.MaxCaptureLength, WholePacket) : WholePacket, call.Cancellation).ConfigureAwait(false);
        try
        {
            await recorder.AddAsync(recording, call.Cancellation).ConfigureAwait(false);
            began = true;
            Task writing = recording.WriteAsync(pcap, CancellationToken.None);
            try
            {
                await ReportUntilStoppedAsync(stop, responses, recording, writing, Limits(start).Time, call).ConfigureAwait(false);
            }
            finally
            {
                await recorder.RemoveAsync(recording).ConfigureAwait(false);
                recording.Complete();
            }

            await writing.ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            throw new RpcException(RpcStatusCode.ResourceExhausted, $"cannot write {path}: {failure.Message}", failure);
        }
        finally
        {
            await pcap.DisposeAsync().ConfigureAwait(false);
            if (!began)
            {
                File.Delete(path);
            }
        }

        await responses.WriteAsync(Response(new RecordResponse { Stopped = new RecordingStoppedResponse { Stats = recording.Statistics, Filesink = new FileSinkResult { FilePath = path } } })).ConfigureAwait(false);
    }

    // Ends with a stop request, the end of the client's stream, a limit, or the writer's failure.
    private async Task ReportUntilStoppedAsync(Task stop, IRpcWriter<RecordResponse> responses, Recording recording, Task writing, TimeSpan limit, RpcServerCall call)
    {
        DateTimeOffset end = limit > TimeSpan.Zero ? time.GetUtcNow() + limit : DateTimeOffset.MaxValue;
        while (true)
        {
            TimeSpan left = end - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            Task tick = Task.Delay(left < Report ? left : Report, time, call.Cancellation);
            Task first = await Task.WhenAny(stop, recording.Full, writing, tick).ConfigureAwait(false);
            if (first != tick)
            {
                await first.ConfigureAwait(false);
                return;
            }

            await tick.ConfigureAwait(false);
            await responses.WriteAsync(Response(new RecordResponse { Running = new RecordingRunningResponse { Stats = recording.Statistics } })).ConfigureAwait(false);
        }
    }

    private (Recording Recording, string Path, FileStream File) Open(StartRecording start)
    {
        string prefix = start.Filesink?.FilePrefix is { Length: > 0 } given ? given : "hubble";
        if (!PrefixPattern().IsMatch(prefix))
        {
            // The name becomes part of a path on the node.
            throw new RpcException(RpcStatusCode.InvalidArgument, $"filesink.file_prefix: \"{prefix}\" must be 1 to 20 lower-case letters and digits and begin with a letter");
        }

        var recording = new Recording(RecordingFilter.Compile(start.Include), start.MaxCaptureLength, Limits(start), queue);
        string unique = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5));
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{prefix}_{time.GetUtcNow().ToUnixTimeSeconds()}_{unique}_{node.Replace('/', '_')}.pcap"));
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return (recording, path, new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new RpcException(RpcStatusCode.FailedPrecondition, $"cannot make {path}: {failure.Message}", failure);
        }
    }

    private RecordingLimits Limits(StartRecording start)
    {
        StopCondition stop = start.StopCondition ?? new StopCondition();
        TimeSpan wanted = stop.TimeElapsed is { Seconds: >= 0 and < 31_536_000 } elapsed ? elapsed.ToTimeSpan() : TimeSpan.Zero;
        ulong bytes = stop.BytesCapturedCount;
        return new RecordingLimits(
            stop.PacketsCapturedCount, maxBytes > 0 && (bytes == 0 || bytes > maxBytes) ? maxBytes : bytes, maxTime > TimeSpan.Zero && (wanted == TimeSpan.Zero || wanted > maxTime) ? maxTime : wanted);
    }

    private RecordResponse Response(RecordResponse response)
    {
        response.NodeName = node;
        response.Time = Timestamp.FromDateTimeOffset(time.GetUtcNow());
        return response;
    }

    [GeneratedRegex("^[a-z][a-z0-9]{0,19}$", RegexOptions.CultureInvariant)]
    private static partial Regex PrefixPattern();
}
