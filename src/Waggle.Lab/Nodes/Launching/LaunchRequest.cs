using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Waggle.Lab.Nodes.Launching;

/// <summary>A request to the native launcher: fields in order, each <c>key=value</c> and a NUL, after 4 bytes of length.</summary>
internal sealed class LaunchRequest
{
    /// <summary>What the launcher accepts at most.</summary>
    private const int MaxBytes = 4 << 20;

    private readonly ArrayBufferWriter<byte> _body = new(1024);

    public LaunchRequest(string? verb = null)
    {
        if (verb is not null)
            Add("verb", verb);
    }

    /// <exception cref="LaunchException">The value cannot be carried: it has a NUL, or the request is too long.</exception>
    public LaunchRequest Add(string key, string value)
    {
        if (value.Contains('\0'))
            throw new LaunchException(LaunchFailure.Setup, $"the value of '{key}' contains a NUL character");
        Encoding.UTF8.GetBytes(key, _body);
        _body.Write("="u8);
        Encoding.UTF8.GetBytes(value, _body);
        _body.Write("\0"u8);
        if (_body.WrittenCount > MaxBytes)
            throw new LaunchException(LaunchFailure.Setup, "arguments, environment and volumes take more than 4 MiB");
        return this;
    }

    public LaunchRequest Add(string key, long value) => Add(key, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds the field only when the value is there.</summary>
    public LaunchRequest AddIf(string key, string? value) => value is null ? this : Add(key, value);

    /// <summary>Adds <c>key=1</c> when set.</summary>
    public LaunchRequest AddFlag(string key, bool set) => set ? Add(key, "1") : this;

    public LaunchRequest AddAll(string key, IEnumerable<string> values)
    {
        foreach (string value in values)
            Add(key, value);
        return this;
    }

    public LaunchRequest AddMounts(IEnumerable<MountSpec> mounts)
    {
        foreach (MountSpec mount in mounts)
        {
            Add("mount", mount.Target).Add("mount.source", mount.Source).Add("mount.kind", mount.Kind).Add("mount.propagation", mount.Propagation);
            AddFlag("mount.readonly", mount.ReadOnly).AddIf("mount.subpath", mount.SubPath);
            if (!mount.Recursive)
                Add("mount.recursive", "0");
            if (mount.Group is { } group)
                Add("mount.gid", group);
        }
        return this;
    }

    public LaunchRequest AddProcess(ProcessSpec process)
    {
        AddAll("arg", process.Arguments).AddAll("env", process.Environment.Select(variable => $"{variable.Key}={variable.Value}"));
        Add("cwd", process.WorkingDirectory).Add("uid", process.User).Add("gid", process.Group);
        foreach (long group in process.SupplementalGroups)
            Add("group", group);
        Add("caps", process.Capabilities.ToString("x", CultureInfo.InvariantCulture));
        return AddFlag("nonewprivs", process.NoNewPrivileges).AddFlag("tty", process.Terminal).AddIf("oomscore", process.OomScoreAdjust?.ToString(CultureInfo.InvariantCulture));
    }

    public byte[] ToMessage()
    {
        byte[] message = new byte[4 + _body.WrittenCount];
        BinaryPrimitives.WriteInt32BigEndian(message, _body.WrittenCount);
        _body.WrittenSpan.CopyTo(message.AsSpan(4));
        return message;
    }
}
