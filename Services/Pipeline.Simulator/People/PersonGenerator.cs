using System.Buffers.Binary;
using System.Globalization;

namespace Pipeline.Simulator.People;

/// <summary>What a request asks of the people, beyond seed and page.</summary>
/// <param name="Nationalities">Nationalities to choose from, one or more.</param>
/// <param name="IsFemale">Null for both genders.</param>
/// <param name="Password">Null for passwords of the list.</param>
internal sealed record PersonRequest(NationalityProfile[] Nationalities, bool? IsFemale = null, PasswordPolicy? Password = null);

/// <summary>
/// Person number <c>index</c> of a page, a pure function of seed, page, index and request. Each person has three random streams (3 × index + n):
/// identity (uuid, coordinates), life (everything else, in the order of the code below) and password. So a password rule leaves the rest
/// alone, and the same seed with another nationality gives the same <c>login.uuid</c> to a different person, as the genuine service does.
/// </summary>
internal sealed class PersonGenerator(NationalityCatalog catalog)
{
    // Bounds of version 1.4: its people were born between 1944-08-25 and 2001-05-28 and registered between 2002-03-21 and 2022-05-23.
    private const long EarliestBirth = -800_000_000_000;
    private const long LatestBirth = LatestRegistration - (86_400_000L * 365 * 21);
    private const long EarliestRegistration = 1_016_688_461_000;
    private const long LatestRegistration = 1_653_344_189_000;

    private const string SaltCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// <summary>Overwrites every field of <paramref name="person"/>.</summary>
    public void Generate(in SeedKey key, int index, PersonRequest request, Person person)
    {
        var stream = (ulong)index * 3;
        FillIdentity(new Xoshiro256(key, stream), person);
        FillLife(new Xoshiro256(key, stream + 1), request, person);
        var passwords = new Xoshiro256(key, stream + 2);
        person.Password = request.Password is { } policy ? policy.Generate(ref passwords) : passwords.Pick<string>(catalog.Passwords);
    }

    private static void FillIdentity(Xoshiro256 random, Person person)
    {
        person.Latitude = Degrees(random.Range(-900_000, 899_999));
        person.Longitude = Degrees(random.Range(-1_800_000, 1_799_999));

        Span<byte> uuid = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(uuid, random.Next());
        BinaryPrimitives.WriteUInt64BigEndian(uuid[8..], random.Next());
        uuid[6] = (byte)((uuid[6] & 0x0F) | 0x40);
        uuid[8] = (byte)((uuid[8] & 0x3F) | 0x80);
        person.Uuid = new Guid(uuid, bigEndian: true);
    }

    private void FillLife(Xoshiro256 random, PersonRequest request, Person person)
    {
        var nationality = random.Pick<NationalityProfile>(request.Nationalities);
        var isFemale = random.Below(2) == 1;
        isFemale = request.IsFemale ?? isFemale;
        person.Nationality = nationality;
        person.IsFemale = isFemale;
        person.First = random.Pick<PersonName>(isFemale ? nationality.FemaleNames : nationality.MaleNames);
        person.Last = random.Pick<PersonName>(nationality.LastNames);
        var title = random.Pick<string>(nationality.FemaleTitles);
        person.Title = isFemale ? title : nationality.MaleTitle;

        person.TimeZone = random.Pick<TimeZonePair>(catalog.TimeZones);
        person.StreetNumber = random.Range(1, 9_999);
        person.Street = random.Pick<string>(nationality.Streets);
        person.City = random.Pick<string>(nationality.Cities);
        person.State = random.Pick<string>(nationality.States);
        person.PostcodeNumber = random.Range(nationality.PostcodeRange.Min, nationality.PostcodeRange.Max);
        person.PostcodeText = nationality.PostcodePattern is { } pattern ? TextPattern.Fill(pattern, ref random) : null;

        person.Salt = Salt(ref random);
        person.Username = string.Create(
            CultureInfo.InvariantCulture,
            $"{random.Pick<string>(catalog.UsernameAdjectives)}{random.Pick<string>(catalog.UsernameAnimals)}{random.Range(100, 999)}");
        person.DateOfBirth = DateTime.UnixEpoch.AddMilliseconds(random.Range(EarliestBirth, LatestBirth));
        person.Registered = DateTime.UnixEpoch.AddMilliseconds(random.Range(EarliestRegistration, LatestRegistration));

        // Portraits on the genuine service: men 0–99, women 0–96, lego 0–9.
        var portraits = ReferenceEquals(nationality, catalog.Lego) ? 10 : isFemale ? 97 : 100;
        person.Portrait = (int)random.Below(portraits);
        person.Phone = TextPattern.Fill(nationality.Phone, ref random);
        person.Cell = TextPattern.Fill(nationality.Cell, ref random);
        person.IdValue = nationality.Id.Value(person, ref random);
    }

    private static string Salt(ref Xoshiro256 random)
    {
        Span<char> salt = stackalloc char[8];
        foreach (ref var c in salt)
        {
            c = random.Pick<char>(SaltCharacters);
        }

        return new string(salt);
    }

    private static string Degrees(int tenThousandths)
        => string.Create(CultureInfo.InvariantCulture, $"{(tenThousandths < 0 ? "-" : "")}{Math.Abs(tenThousandths / 10_000)}.{Math.Abs(tenThousandths % 10_000):0000}");
}
