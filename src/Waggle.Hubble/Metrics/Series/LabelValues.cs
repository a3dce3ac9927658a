using System.Buffers;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;

namespace Waggle.Hubble.Metrics.Series;

/// <summary>The label values of one sample while they are put together: one buffer, no string until a series is new.</summary>
public ref struct LabelValues : IDisposable
{
    // Not a character of any text: values from the network cannot forge a border.
    private const char Border = '\uffff';

    private Span<char> _buffer;
    private char[]? _rented;
    private int _length;
    private int _count;

    /// <param name="scratch">Memory of the caller's stack; a larger buffer is rented when it does not suffice.</param>
    public LabelValues(Span<char> scratch) => _buffer = scratch;

    /// <summary>All values with borders between them: equal keys are equal series.</summary>
    public readonly ReadOnlySpan<char> Key => _buffer[.._length];

    public void Add(scoped ReadOnlySpan<char> value)
    {
        Begin();
        Append(value);
    }

    public void Add(int number)
    {
        Begin();
        Reserve(11);
        number.TryFormat(_buffer[_length..], out int written, default, System.Globalization.CultureInfo.InvariantCulture);
        _length += written;
    }

    public void Add(FlowAddress address)
    {
        Begin();
        Append(address);
    }

    /// <summary>Starts a value that is made of several appended parts.</summary>
    public void Begin()
    {
        if (_count++ > 0)
        {
            Reserve(1);
            _buffer[_length++] = Border;
        }
    }

    public void Append(scoped ReadOnlySpan<char> part)
    {
        Reserve(part.Length);
        Span<char> target = _buffer.Slice(_length, part.Length);
        part.CopyTo(target);
        target.Replace(Border, '?');
        _length += part.Length;
    }

    public void Append(FlowAddress address)
    {
        Reserve(AddressText.MaxLength);
        _length += AddressText.Format(address, _buffer[_length..]);
    }

    /// <summary>A mark to come back to with <see cref="Rewind"/>.</summary>
    public readonly (int Length, int Count) Mark() => (_length, _count);

    public void Rewind((int Length, int Count) mark) => (_length, _count) = mark;

    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<char>.Shared.Return(_rented);
            _rented = null;
        }
    }

    internal static string[] Split(string key) => key.Split(Border);

    private void Reserve(int count)
    {
        if (_length + count <= _buffer.Length)
        {
            return;
        }

        char[] larger = ArrayPool<char>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + count));
        _buffer[.._length].CopyTo(larger);
        Dispose();
        _rented = larger;
        _buffer = larger;
    }
}
