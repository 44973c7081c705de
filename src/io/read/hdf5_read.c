/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading HDF5: the datasets of all groups, converted by HDF5 itself. Links to other files,
 * data kept in other files and virtual datasets are not followed: a file from somewhere must not
 * choose what else is read. */
#include "io/read/formats.h"

#include <string.h>

#ifdef KI_HAVE_HDF5

#include "base/memory.h"
#include "io/read/elements.h"
#include "io/read/hdf5_element.h"
#include "io/read/hdf5_parts.h"
#include "io/read/hdf5_storage.h"
#include "io/read/hdf5_strings.h"
#include "io/read/parts.h"
#include "io/read/stream.h"

#include <errno.h>
#include <hdf5.h>
#include <inttypes.h>
#include <stdio.h>

/* Since 1.10.7, but not in 1.12.0. */
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0))
#define HAVE_LOCKING_FLAGS 1
#endif

/* A group can be linked to from many places, so there is a limit to looking, too. */
enum {
    NAME_MAX_BYTES = 1024,
    LINKS_MAX = 10000,
    LOOKS_MAX = 100000,
    DEEPEST = 8,
    HDF5_FAILED = 1,
    NO_CELLS = 2
};

/* Why a file cannot be opened: HDF5's words and what they mean for who reads them. */
static int fail_open(const ki_reader *r) {
    static const struct {
        const char *said, *why, *right;
        int error;
    } known[] = {{"truncated file", "was cut off", "a whole .h5 file", KI_ERR_FORMAT},
                 {"unable to lock file", "is open for writing elsewhere",
                  "a file that has been closed there", KI_ERR_IO},
                 {"consistency flags", "was not closed by the program that wrote it",
                  "a copy mended by h5clear -s, if nobody writes to it any more", KI_ERR_FORMAT},
                 {"", "cannot be read as HDF5", "a whole .h5 file", KI_ERR_FORMAT}};
    const char *reason = ki_hdf5_reason(r);
    char text[256];
    size_t k = 0;

    while (!strstr(reason, known[k].said))
        k++;
    snprintf(text, sizeof text, "%s; HDF5 says: %s", known[k].why, reason);
    return ki_io_fail(known[k].error, r->path, text, known[k].right);
}

static int refuse(const ki_reader *r, const ki_entry *e, const char *why) {
    return ki_entry_fail(r, e, KI_ERR_FORMAT, why,
                         "a dataset of floats, integers, booleans or strings, 0 to 4 dimensions");
}

static const char *set_string(ki_entry *e, hid_t type) {
    e->info.type = KI_STRING;
    e->kind = H5Tis_variable_str(type) > 0 ? 'V' : 'S';
    if (e->kind == 'V')
        e->item = KI_HDF5_STRING_BYTES;
    return H5Tget_strpad(type) == H5T_STR_SPACEPAD ? "holds strings padded with blanks" : NULL;
}

/* What the elements become; NULL or why they cannot. */
static const char *set_type(ki_entry *e, hid_t type) {
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type);

    e->item = size;
    if (size == 0)
        return "has elements of no size";
    switch (class) {
    case H5T_FLOAT:
        e->info.type = KI_FLOAT64;
        e->kind = 'f';
        return size <= 8 ? NULL : "has floats of unusual precision";
    case H5T_INTEGER:
        e->kind = H5Tget_sign(type) == H5T_SGN_NONE ? 'u' : 'i';
        e->info.type = size == 1 && e->kind == 'i' ? KI_INT8 : KI_INT64;
        return size <= 8 ? NULL : "has integers of more than 64 bits";
    case H5T_ENUM: /* h5py's bool is one of int8 */
        e->kind = 'e';
        e->info.type = size == 1 ? KI_INT8 : KI_INT64;
        return size <= 4 ? NULL : "has an unusual type of elements";
    case H5T_BITFIELD: /* PyTables' bool */
        e->kind = 'b';
        e->info.type = KI_INT8;
        return size == 1 ? NULL : "has an unusual type of elements";
    case H5T_STRING:
        return set_string(e, type);
    default:
        return "has elements of a type that is no number";
    }
}

static const char *set_shape(ki_entry *e, hid_t space) {
    hsize_t extent[4] = {0};

    if (H5Sget_simple_extent_type(space) == H5S_NULL)
        return "is empty";
    e->info.ndim = H5Sget_simple_extent_ndims(space);
    if (e->info.ndim < 0 || e->info.ndim > 4)
        return "has more than 4 dimensions";
    if (H5Sget_simple_extent_dims(space, extent, NULL) < 0)
        return "is damaged";
    for (int d = 0; d < e->info.ndim; d++) {
        if (extent[d] > PTRDIFF_MAX)
            return "has a shape too large for any memory";
        e->info.shape[d] = (size_t)extent[d];
    }
    return ki_entry_count(&e->info, e->item) == UINT64_MAX ? "has a shape too large for any memory"
                                                           : NULL;
}

/* Whether the bytes can be in the file, and each chunk, for which HDF5 takes memory. */
static const char *check_storage(const ki_reader *r, const ki_entry *e, hid_t plist) {
    uint64_t most =
        r->source.size < UINT64_MAX / KI_RATIO_MAX ? KI_RATIO_MAX * r->source.size : UINT64_MAX;
    H5D_layout_t layout = H5Pget_layout(plist);
    hsize_t chunk[H5S_MAX_RANK] = {0};
    uint64_t bytes = e->item;
    int rank;

    if (ki_entry_count(&e->info, e->item) > most / e->item)
        return "claims to be larger than its file can hold";
    if (layout == H5D_VIRTUAL || H5Pget_external_count(plist) != 0)
        return "is kept in other files";
    if (layout != H5D_CHUNKED)
        return NULL;
    rank = H5Pget_chunk(plist, H5S_MAX_RANK, chunk);
    for (int d = 0; d < rank; d++) {
        if (chunk[d] == 0 || chunk[d] > most / bytes)
            return "claims to be larger than its file can hold";
        bytes *= chunk[d];
    }
    return rank == e->info.ndim ? NULL : "is damaged";
}

/* MATLAB has its first index fastest, and writes its shapes the other way round; of an empty array it
 * writes the shape instead of the elements. */
static void turn(ki_entry *e, int empty) {
    if (empty)
        e->info.shape[0] = 0;
    e->fortran = !empty;
    for (int d = 0; d < e->info.ndim / 2; d++) {
        const size_t extent = e->info.shape[d];

        e->info.shape[d] = e->info.shape[e->info.ndim - 1 - d];
        e->info.shape[e->info.ndim - 1 - d] = extent;
    }
}

/* Info of an open dataset. */
static int describe(const ki_reader *r, ki_entry *e, hid_t set) {
    hid_t type = H5Dget_type(set), space = H5Dget_space(set), plist = H5Dget_create_plist(set);
    const char *why = NULL;
    int error = 0;

    if (type < 0 || space < 0 || plist < 0)
        error = ki_hdf5_fail_entry(r, e);
    if (!error)
        why = set_type(e, type);
    if (!error && !why)
        why = set_shape(e, space);
    if (!error && !why)
        why = check_storage(r, e, plist);
    if (why)
        error = refuse(r, e, why);
    else if (!error && H5Aexists(set, "MATLAB_class") > 0)
        turn(e, H5Aexists(set, "MATLAB_empty") > 0);
    if (plist >= 0)
        H5Pclose(plist);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return error;
}

static int list_entry(ki_reader *r, ki_entry e, const char *name) {
    e.info.name = ki_entry_name(name, strlen(name));
    return ki_entry_add(r, e, LINKS_MAX);
}

/* A cell array of MATLAB's is a dataset of references, and each array they lead to is an entry
 * "name{1}" ..., whose path stands behind its name. Here: whether it is one. */
static int read_references(ki_reader *r, hid_t set, ki_entry *e, hobj_ref_t **refs) {
    hid_t type = H5Dget_type(set), space = H5Dget_space(set), plist = H5Dget_create_plist(set);
    int cells = type >= 0 && space >= 0 && plist >= 0 && H5Aexists(set, "MATLAB_class") > 0 &&
                H5Tequal(type, H5T_STD_REF_OBJ) > 0;

    e->item = sizeof **refs;
    cells = cells && !set_shape(e, space) && !check_storage(r, e, plist) &&
            ki_entry_count(&e->info, e->item) <= LINKS_MAX &&
            !ki_hdf5_check_storage(r, e, set, plist);
    *refs = cells ? ki_alloc((size_t)ki_entry_count(&e->info, e->item), sizeof **refs) : NULL;
    cells = *refs && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *refs) >= 0;
    if (plist >= 0)
        H5Pclose(plist);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return cells;
}

static int list_cell(ki_reader *r, hid_t set, const char *name, uint64_t k, const hobj_ref_t *ref) {
    char both[2 * NAME_MAX_BYTES];
    ki_entry e = {.info = {.type = 0}};
    const size_t length =
        (size_t)snprintf(both, sizeof both, "%.900s{%" PRIu64 "}", name, k + 1) + 1;
    ssize_t path = H5Rget_name(set, H5R_OBJECT, ref, both + length, sizeof both - length);
    hid_t object = -1;

    if (path > 0 && (size_t)path < sizeof both - length)
        object = H5Oopen(set, both + length, H5P_DEFAULT);
    if (object >= 0 && H5Iget_type(object) == H5I_DATASET) {
        e.info.name = both;
        if (describe(r, &e, object))
            e = (ki_entry){.info = {.type = 0}};
    }
    if (object >= 0)
        H5Oclose(object);
    if (!e.info.type) {
        e.refusal = "is no array of numbers";
        e.wanted = "an array of numbers";
    }
    e.head = length;
    e.info.name = ki_entry_name(both, length + (path > 0 ? strlen(both + length) : 0));
    return ki_entry_add(r, e, LINKS_MAX);
}

/* NO_CELLS if they are none. */
static int list_cells(ki_reader *r, hid_t set, const char *name) {
    ki_entry e = {.info = {.name = name}};
    hobj_ref_t *refs;
    int error = read_references(r, set, &e, &refs) ? 0 : NO_CELLS;

    for (uint64_t k = 0; !error && k < ki_entry_count(&e.info, e.item); k++)
        error = list_cell(r, set, name, k, &refs[k]);
    ki_free(refs);
    return error;
}

static int list_group(ki_reader *r, hid_t group, const char *path, int depth);

/* Adds the dataset `name`, or what is in the group of that name; a type is passed over. */
static int add(ki_reader *r, hid_t file, const char *name, int depth) {
    hid_t object = H5Oopen(file, name, H5P_DEFAULT);
    ki_entry e = {.info = {.name = name}};
    int error = 0;

    if (object >= 0 && H5Iget_type(object) != H5I_DATASET) {
        if (H5Iget_type(object) == H5I_GROUP && depth < DEEPEST)
            error = list_group(r, object, name, depth);
        H5Oclose(object);
        return error == HDF5_FAILED ? 0 : error; /* the rest of the file may do */
    }
    if (object >= 0)
        error = describe(r, &e, object);
    if (error) {
        e = (ki_entry){.info = {.type = 0}};
        error = list_cells(r, object, name);
    } else {
        error = NO_CELLS;
    }
    if (object >= 0)
        H5Oclose(object);
    return error == NO_CELLS ? list_entry(r, e, name) : error;
}

static const char *refusal_of(H5L_type_t link) {
    switch (link) {
    case H5L_TYPE_SOFT:
        return "is a soft link, which is not followed";
    case H5L_TYPE_EXTERNAL:
        return "is a link to another file, which is not followed";
    default:
        return "is a link of an unknown kind, which is not followed";
    }
}

/* Link `name` of the open group; `full` is its path in the file. */
static int list_link(ki_reader *r, hid_t group, const char *name, const char *full, int depth) {
    const hid_t file = ((const ki_hdf5_file *)r->state)->id;
    H5L_info_t link;

    if (H5Lget_info(group, name, &link, H5P_DEFAULT) < 0)
        return HDF5_FAILED;
    if (link.type == H5L_TYPE_HARD)
        return add(r, file, full, depth + 1);
    return list_entry(
        r, (ki_entry){.refusal = refusal_of(link.type), .wanted = "an array in the file itself"},
        full);
}

/* `path` is "" for the root. */
static int list_group(ki_reader *r, hid_t id, const char *path, int depth) {
    ki_hdf5_file *file = r->state;
    H5G_info_t group;
    const size_t before = strlen(path);
    int error = 0;

    if (H5Gget_info(id, &group) < 0)
        return HDF5_FAILED;
    file->links += group.nlinks;
    if (group.nlinks > LINKS_MAX || file->links > LOOKS_MAX)
        return ki_io_fail(KI_ERR_FORMAT, r->path, "has more than 10000 datasets",
                          "fewer and larger arrays");
    for (hsize_t i = 0; i < group.nlinks && !error; i++) {
        char full[NAME_MAX_BYTES], *name = full + before + (before > 0);
        const size_t room = sizeof full - (size_t)(name - full);

        snprintf(full, sizeof full, "%s%s", path, before ? "/" : "");
        ssize_t length =
            H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, room, H5P_DEFAULT);
        if (length < 0)
            return HDF5_FAILED;
        /* HDF5 takes such a name for a path, which may lead through a link into another file. */
        if ((size_t)length >= room || length == 0 || strchr(name, '/') || strcmp(name, ".") == 0)
            continue;
        error = list_link(r, id, name, full, depth);
    }
    return error;
}

/* Reading takes the lock that HDF5 takes, where there are locks; `locks` 0 is for a file that this
 * process has open without. */
static hid_t open_as(const char *path, H5F_close_degree_t degree, int locks) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    hid_t file = -1;

    if (access < 0)
        return -1;
#ifdef HAVE_LOCKING_FLAGS
    (void)H5Pset_file_locking(access, locks != 0, 1);
#else
    (void)locks;
#endif
    if (H5Pset_fclose_degree(access, degree) >= 0)
        file = H5Fopen(path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file;
}

/* Not where another process writes; but file systems without locks have more errors than HDF5 knows
 * of. */
static int another_way_may_do(const char *reason) {
    char locked[32];

    snprintf(locked, sizeof locked, "errno = %d,", EWOULDBLOCK);
    if (strstr(reason, "unable to lock file"))
        return !strstr(reason, locked);
    return strstr(reason, "close degree") || strstr(reason, "locking flag");
}

/* A file that something else in this process holds open can be opened only in the same way; HDF5
 * does not tell in which. */
static hid_t open_file(const char *path, ki_hdf5_session *session) {
    static const H5F_close_degree_t degrees[] = {H5F_CLOSE_DEFAULT, H5F_CLOSE_STRONG,
                                                 H5F_CLOSE_SEMI, H5F_CLOSE_WEAK};
    hid_t file = -1;

    for (int locks = 1; locks >= 0; locks--)
        for (size_t d = 0; d < sizeof degrees / sizeof *degrees; d++) {
            session->reason[0] = '\0';
            file = open_as(path, degrees[d], locks);
            if (file >= 0 || !another_way_may_do(session->reason))
                return file;
        }
    return file;
}

static int list_file(ki_reader *r, ki_hdf5_file *file) {
    hsize_t size;

    file->id = open_file(r->path, &file->session);
    if (file->id < 0)
        return HDF5_FAILED;
    /* What is not on the disk yet counts too. */
    if (H5Fget_filesize(file->id, &size) >= 0 && size > r->source.size)
        r->source.size = size;
    return list_group(r, file->id, "", 0);
}

static int open_hdf5(ki_reader *r) {
    ki_hdf5_file *file = ki_alloc(1, sizeof *file);
    int error;

    if (!file)
        return ki_reader_no_memory(r);
    file->id = -1;
    file->links = 0;
    r->state = file;
    ki_hdf5_begin(&file->session);
    error = list_file(r, file);
    if (error == HDF5_FAILED)
        error = fail_open(r);
    ki_hdf5_end(&file->session);
    return error;
}

static int fetch_open(const ki_reader *r, const ki_entry *e, hid_t set, void *out) {
    const uint64_t count = ki_entry_count(&e->info, e->item);

    if (!count)
        return 0;

    if (e->info.type == KI_STRING)
        return e->kind == 'V' ? ki_hdf5_read_variable(r, e, set, out, &(uint64_t){e->text})
                              : ki_hdf5_read_fixed(r, e, set, out, count);
    if (e->fortran)
        return ki_hdf5_parts(r, e, set, ki_part_gather, &(ki_gather){&e->info, out});
    if (H5Dread(set, ki_hdf5_memory_type(e), H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
        return ki_hdf5_fail_entry(r, e);
    return e->kind == 'u' ? ki_hdf5_check_unsigned(r, e, out, count) : 0;
}

/* That the bytes of the open dataset are there. */
static int check_stored(const ki_reader *r, const ki_entry *e, hid_t set) {
    hid_t plist = H5Dget_create_plist(set);
    int error = plist < 0 ? ki_hdf5_fail_entry(r, e) : ki_hdf5_check_storage(r, e, set, plist);

    if (plist >= 0)
        H5Pclose(plist);
    return error;
}

/* The array must still be what it was when memory was taken for it. */
static int same(const ki_entry *a, const ki_entry *b) {
    return a->info.type == b->info.type && a->item == b->item && a->info.ndim == b->info.ndim &&
           memcmp(a->info.shape, b->info.shape, sizeof a->info.shape) == 0;
}

/* The dataset of an entry, or -1 and an error. */
static hid_t open_set(const ki_reader *r, const ki_entry *e, int listed, int *error) {
    const ki_hdf5_file *file = r->state;
    ki_entry now = {.info = {.name = e->info.name}};
    hid_t set = H5Dopen2(file->id, e->info.name + e->head, H5P_DEFAULT);

    *error = set < 0 ? ki_hdf5_fail_entry(r, e) : describe(r, &now, set);
    if (!*error && (!listed || !same(e, &now)))
        *error = refuse(r, e, "was changed while it was read");
    if (!*error && ki_entry_count(&e->info, e->item))
        *error = check_stored(r, e, set);
    return set;
}

static int read_hdf5(ki_reader *r, const ki_entry *e, void *out) {
    ki_hdf5_file *file = r->state;
    hid_t set;
    int error;

    ki_hdf5_begin(&file->session);
    set = open_set(r, e, out != NULL, &error);
    error = error ? error : fetch_open(r, e, set, out);
    if (set >= 0)
        H5Dclose(set);
    ki_hdf5_end(&file->session);
    return error;
}

/* The bytes of strings of variable length. */
static int measure_hdf5(ki_reader *r, ki_entry *e) {
    ki_hdf5_file *file = r->state;
    hid_t set;
    int error;

    if (e->kind != 'V')
        return 0;
    ki_hdf5_begin(&file->session);
    set = open_set(r, e, 1, &error);
    error = error ? error : ki_hdf5_read_variable(r, e, set, NULL, &e->text);
    if (set >= 0)
        H5Dclose(set);
    ki_hdf5_end(&file->session);
    return error;
}

static int parts_hdf5(ki_reader *r, const ki_entry *e, ki_part_fn take, void *user) {
    ki_hdf5_file *file = r->state;
    hid_t set;
    int error;

    ki_hdf5_begin(&file->session);
    set = open_set(r, e, 1, &error);
    error = error ? error : ki_hdf5_parts(r, e, set, take, user);
    if (set >= 0)
        H5Dclose(set);
    ki_hdf5_end(&file->session);
    return error;
}

static void close_hdf5(ki_reader *r) {
    ki_hdf5_file *file = r->state;

    if (!file)
        return;
    ki_hdf5_begin(&file->session);
    if (file->id >= 0)
        H5Fclose(file->id);
    ki_hdf5_end(&file->session);
    ki_free(file);
    r->state = NULL;
}

#else

static int open_hdf5(ki_reader *r) {
    return ki_io_fail(KI_ERR_UNSUPPORTED, r->path, "this build has no HDF5", "a .npz file");
}

/* Nothing is ever listed. */
#define read_hdf5 NULL
#define parts_hdf5 NULL
#define measure_hdf5 NULL
#define close_hdf5 NULL

#endif

/* HDF5's signature stands at 0 or, behind a block of the user's, at 512, 1024, 2048, ...,
 * wherever in the file that is. */
static int probe(const ki_source *source, int *mine) {
    char bytes[8];
    int error = 0;

    *mine = 0;
    for (uint64_t at = 0; !error && !*mine; at = at ? 2 * at : 512) {
        if (source->size < sizeof bytes || at > source->size - sizeof bytes)
            break;
        error = ki_source_read(source, at, bytes, sizeof bytes);
        *mine = !error && memcmp(bytes, "\x89HDF\r\n\x1a\n", sizeof bytes) == 0;
    }
    return error;
}

const ki_reader_format ki_hdf5_reader = {.probe = probe,
                                         .open = open_hdf5,
                                         .read = read_hdf5,
                                         .parts = parts_hdf5,
                                         .measure = measure_hdf5,
                                         .close = close_hdf5};
