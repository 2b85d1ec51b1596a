using System.Globalization;

namespace Pipeline.Simulator.People;

/// <summary>National ids that follow from the date of birth, the gender or a check digit. Dates are taken in UTC.</summary>
internal static class NationalIds
{
    // Area numbers of the German pension insurance (VKVV § 2), as ranges.
    private static readonly (int From, int To)[] PensionAreas = [(2, 4), (8, 21), (23, 26), (28, 29), (38, 40), (42, 82), (89, 89)];

    /// <summary>Canada, social insurance number: eight digits and the Luhn check digit.</summary>
    public static string Sin(Person person, ref Xoshiro256 random)
    {
        Span<char> digits = stackalloc char[9];
        var sum = 0;
        for (var i = 0; i < 8; i++)
        {
            var digit = (int)random.Below(10);
            digits[i] = (char)('0' + digit);
            var weighted = i % 2 == 0 ? digit : digit * 2;
            sum += weighted > 9 ? weighted - 9 : weighted;
        }

        digits[8] = (char)('0' + ((10 - (sum % 10)) % 10));
        return new string(digits);
    }

    /// <summary>Germany, pension insurance number. The year is counted from 1900 and so has three digits from 2000 on, as the genuine service writes it.</summary>
    public static string Svnr(Person person, ref Xoshiro256 random)
    {
        var (from, to) = random.Pick<(int From, int To)>(PensionAreas);
        var area = random.Range(from, to);
        var born = person.DateOfBirth;
        var serial = person.IsFemale ? random.Range(50, 99) : random.Range(0, 49);
        return string.Create(CultureInfo.InvariantCulture, $"{area:00} {born:ddMM}{born.Year - 1900:00} {person.Last.Text[0]} {serial:00}{random.Below(10)}");
    }

    /// <summary>Denmark, CPR number; the year as in <see cref="Svnr"/>.</summary>
    public static string Cpr(Person person, ref Xoshiro256 random)
    {
        var born = person.DateOfBirth;
        return string.Create(CultureInfo.InvariantCulture, $"{born:ddMM}{born.Year - 1900:00}-{random.Below(10_000):0000}");
    }

    /// <summary>
    /// Finland. The genuine service loses the date on the way and sends <c>NaNNA107undefined</c>; consumers have to live with that,
    /// so the simulator sends it too. Only the individual number is right: odd for men, even for women.
    /// </summary>
    public static string Hetu(Person person, ref Xoshiro256 random)
    {
        var serial = (random.Below(100) * 10) + (random.Below(5) * 2) + (person.IsFemale ? 0 : 1);
        return string.Create(CultureInfo.InvariantCulture, $"NaNNA{serial:000}undefined");
    }

    /// <summary>France, INSEE number with its key (97 less the remainder by 97). The month is counted from 0 and the year from 1900, as the genuine service does.</summary>
    public static string Insee(Person person, ref Xoshiro256 random)
    {
        var born = person.DateOfBirth;
        var number = string.Create(
            CultureInfo.InvariantCulture,
            $"{(person.IsFemale ? 2 : 1)}{born.Year - 1900}{born.Month - 1:00}{random.Below(100_000_000):00000000}");
        var key = 97 - (long.Parse(number, CultureInfo.InvariantCulture) % 97);
        return string.Create(CultureInfo.InvariantCulture, $"{number} {key:00}");
    }

    /// <summary>Norway, national identity number: date, individual number (odd for men), two check digits modulo 11.</summary>
    public static string Fodselsnummer(Person person, ref Xoshiro256 random)
    {
        ReadOnlySpan<int> firstWeights = [3, 7, 6, 1, 8, 9, 4, 5, 2];
        ReadOnlySpan<int> secondWeights = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
        var born = person.DateOfBirth;
        Span<char> digits = stackalloc char[11];
        _ = born.TryFormat(digits, out _, "ddMMyy", CultureInfo.InvariantCulture);

        // Individual numbers 500–999 belong to people born from 2000 on. About one number in six has no valid check digits.
        while (true)
        {
            var half = born.Year >= 2000 ? random.Range(250, 499) : random.Range(0, 249);
            var individual = (half * 2) + (person.IsFemale ? 0 : 1);
            _ = individual.TryFormat(digits[6..], out _, "000", CultureInfo.InvariantCulture);
            if (TryCheckDigit(digits[..9], firstWeights, out digits[9]) && TryCheckDigit(digits[..10], secondWeights, out digits[10]))
            {
                return new string(digits);
            }
        }
    }

    /// <summary>USA, social security number: no area 000, 666 or 9xx, no group 00, no serial 0000.</summary>
    public static string Ssn(Person person, ref Xoshiro256 random)
    {
        var area = random.Range(1, 898);
        area += area >= 666 ? 1 : 0;
        return string.Create(CultureInfo.InvariantCulture, $"{area:000}-{random.Range(1, 99):00}-{random.Range(1, 9999):0000}");
    }

    private static bool TryCheckDigit(ReadOnlySpan<char> digits, ReadOnlySpan<int> weights, out char check)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            sum += (digits[i] - '0') * weights[i];
        }

        var value = (11 - (sum % 11)) % 11;
        check = (char)('0' + value);
        return value < 10;
    }
}
