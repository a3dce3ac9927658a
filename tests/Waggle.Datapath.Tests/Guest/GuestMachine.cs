using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Waggle.Datapath.Tests.Guest;

/// <summary>What a command did in the guest.</summary>
/// <param name="ExitCode">Null: the guest ended, or was ended, before the command did.</param>
/// <param name="Output">Everything on its console.</param>
internal sealed record GuestResult(int? ExitCode, string Output);

/// <summary>
/// Runs a command on another kernel: a virtual machine in QEMU without hardware help (so it works inside other machines, too), whose
/// root is this machine's own, read-only over 9p, with a tmpfs on top.
/// </summary>
internal static partial class GuestMachine
{
    private static readonly string[] s_modules = ["virtio_pci", "9pnet_virtio", "9p", "overlay", "veth", "vxlan", "dummy", "bridge", "sch_ingress", "cls_bpf", "tun"];

    internal static async Task<GuestResult> RunAsync(GuestKernel kernel, TimeSpan limit, CancellationToken cancellation, params string[] command)
    {
        if (RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            throw new PlatformNotSupportedException("the tests on an older kernel boot Debian's amd64 kernel, and this machine is no x86-64");
        }

        var folder = Directory.CreateTempSubdirectory("wgt-guest-").FullName;
        try
        {
            var archive = Path.Combine(folder, "initrd");
            WriteArchive(archive, kernel, command);
            return await BootAsync(kernel.Image, archive, limit, cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void WriteArchive(string path, GuestKernel kernel, string[] command)
    {
        using var file = File.Create(path);
        var archive = new InitialRamFs(file);
        var modules = kernel.InOrder(s_modules);
        foreach (var folder in new[] { "dev", "lib", "root", "lower", "upper" })
        {
            archive.AddDirectory(folder);
        }

        archive.AddFile("init", File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "guest-init")));
        foreach (var module in modules)
        {
            archive.AddFile($"lib/{module}.ko", File.ReadAllBytes(kernel.Modules[module]));
        }

        archive.AddLines("modules", modules);
        archive.AddLines("command", command);
        archive.Finish();
    }

    private static async Task<GuestResult> BootAsync(string image, string archive, TimeSpan limit, CancellationToken cancellation)
    {
        // no_timer_check: on a loaded machine an emulated timer may be late, and the kernel would give up on it.
        var start = new ProcessStartInfo("qemu-system-x86_64",
        [
            "-accel", "tcg,thread=multi", "-cpu", "Nehalem", "-m", "1536", "-smp", "2", "-nodefaults", "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio",
            "-kernel", image, "-initrd", archive, "-append", "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check",
            "-virtfs", "local,path=/,mount_tag=machine,security_model=none,readonly=on,multidevs=remap",
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        var output = new StringBuilder();
        var reading = Task.WhenAll(ReadAsync(process.StandardOutput, output), ReadAsync(process.StandardError, output));
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        time.CancelAfter(limit);
        try
        {
            await process.WaitForExitAsync(time.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            cancellation.ThrowIfCancellationRequested();
            output.Append(CultureInfo.InvariantCulture, $"\nthe guest did not end within {limit.TotalSeconds:0} s and was ended");
        }

        await reading;
        var text = output.ToString();
        var end = Exit().Match(text);
        return new GuestResult(end.Success ? int.Parse(end.Groups[1].Value, CultureInfo.InvariantCulture) : null, text);
    }

    private static async Task ReadAsync(StreamReader from, StringBuilder into)
    {
        var buffer = new char[4096];
        for (int read; (read = await from.ReadAsync(buffer)) > 0;)
        {
            lock (into)
            {
                into.Append(buffer, 0, read);
            }
        }
    }

    [GeneratedRegex(@"^guest: exit (\d+)", RegexOptions.Multiline)]
    private static partial Regex Exit();
}
